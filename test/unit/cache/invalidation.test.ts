import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver } from '../../helpers/cache-driver.ts'

const FRESH = { headers: { 'cache-control': 'max-age=60' }, body: 'stored' }

function stored(...targets: string[]): CacheDriver {
  const driver = new CacheDriver()
  for (const target of targets) driver.get(target, FRESH)
  return driver
}

suite('invalidation (RFC 9111, section 4.4)', () => {
  test('a successful unsafe request invalidates its URL, an unknown method as well', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH']) {
      for (const status of [200, 201, 204, 303]) {
        const driver = stored('/p')
        driver.get('/p', { status }, { method })
        assert.equal(driver.get('/p').isHit, false, `${method} ${status}`)
      }
    }
  })

  test('one that failed does not', () => {
    for (const status of [400, 404, 409, 500, 503]) {
      const driver = stored('/p')
      driver.get('/p', { status }, { method: 'POST' })
      assert.equal(driver.get('/p').isHit, true, String(status))
    }
  })

  test('a safe method does not', () => {
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'REPORT', 'QUERY']) {
      const driver = stored('/p')
      driver.get('/p', {}, { method })
      assert.equal(driver.get('/p').isHit, true, method)
    }
  })

  test('Location and Content-Location of the same origin are invalid too', () => {
    const driver = stored('/p', '/dir/made', '/other?x=1', '/kept')
    const headers = { location: 'made', 'content-location': 'http://example.com/other?x=1#part' }
    driver.get('/dir/', { status: 201, headers }, { method: 'POST' })
    assert.equal(driver.get('/dir/made').isHit, false)
    assert.equal(driver.get('/other?x=1').isHit, false)
    assert.equal(driver.get('/kept').isHit, true)
  })

  test('those of another origin are not: nobody can empty the cache of somebody else', () => {
    const driver = stored('/p')
    driver.get('/p', FRESH, { host: 'victim.example' })
    driver.get('/x', { headers: { location: 'http://victim.example/p' } }, { method: 'POST' })
    driver.get('/x', { headers: { location: 'https://example.com/p' } }, { method: 'POST' })
    driver.get('/x', { headers: { location: 'http://[' } }, { method: 'POST' })
    assert.equal(driver.get('/p', {}, { host: 'victim.example' }).isHit, true)
    assert.equal(driver.get('/p').isHit, true)
  })

  test('all variants and all partitions of the URL are invalid', () => {
    const driver = new CacheDriver()
    const varied = { headers: { 'cache-control': 'max-age=60', vary: 'foo' }, body: 'x' }
    driver.get('/p', varied, { headers: { foo: '1' } })
    driver.get('/p', varied, { headers: { foo: '2' }, partition: 'canary' })
    driver.get('/p', {}, { method: 'PUT' })
    assert.equal(driver.cache.entries, 0)
  })

  test('a response that was under way when the URL was invalidated is not stored, and nobody joins it', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    const [fill] = driver.exchanges
    driver.get('/p', {}, { method: 'POST' })
    const second = driver.send('/p')
    assert.equal(driver.exchanges.length, 3)
    fill!.respond(FRESH)
    assert.equal(first.body, 'stored')
    assert.equal(second.status, undefined)
    assert.equal(driver.cache.entries, 0)
  })

  test('a route without a cache invalidates as well', () => {
    const driver = stored('/p')
    const client = driver.get('/p', {}, { method: 'DELETE', mode: 'off' })
    assert.equal(client.cacheStatus, '')
    assert.equal(driver.get('/p').isHit, false)
  })
})
