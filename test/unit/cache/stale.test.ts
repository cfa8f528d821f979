import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type SimpleResponse, type TestClient } from '../../helpers/cache-driver.ts'

/** What a client gets of a response that has been stale for a second when the server fails. */
function onFailure(
  cacheControl: string,
  failure: SimpleResponse | Error = new Error('down'),
  headers: Record<string, string> = {},
  waitMs = 3000,
): TestClient {
  const driver = new CacheDriver()
  driver.get('/p', { headers: { 'cache-control': cacheControl, etag: '"a"' }, body: 'stored' })
  driver.clock.advance(waitMs)
  return driver.get('/p', failure, { headers })
}

suite('stale responses when the server fails (RFC 9111, section 4.2.4; RFC 5861, section 4)', () => {
  test('a server that cannot be reached is replaced by what is stored', () => {
    const client = onFailure('max-age=2')
    assert.deepEqual([client.status, client.body, client.error], [200, 'stored', undefined])
    assert.equal(client.cacheStatus, 'headgate; fwd=stale; ttl=-1; detail=stale-if-error')
    assert.equal(client.header('age'), '3')
  })

  test('so is one that answers 500, 502, 503 or 504', () => {
    for (const status of [500, 502, 503, 504]) {
      const client = onFailure('max-age=2', { status, body: 'broken' })
      assert.deepEqual([client.status, client.body], [200, 'stored'])
      assert.match(client.cacheStatus, new RegExp(`fwd-status=${status}`))
    }
    assert.equal(onFailure('max-age=2', { status: 501 }).status, 501)
    assert.equal(onFailure('max-age=2', { status: 404 }).status, 404)
  })

  test('must-revalidate, proxy-revalidate, s-maxage and no-cache forbid it', () => {
    for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=2', 'no-cache']) {
      assert.ok(onFailure(`max-age=2, ${directive}`).error, directive)
      assert.equal(onFailure(`max-age=2, ${directive}`, { status: 503 }).status, 503, directive)
    }
  })

  test('stale-if-error bounds it, of the response and of the request', () => {
    assert.equal(onFailure('max-age=2, stale-if-error=60').status, 200)
    assert.ok(onFailure('max-age=1, stale-if-error=1', new Error('down'), {}, 4000).error)
    assert.equal(onFailure('max-age=0, stale-if-error=1', { status: 500 }).status, 500)
    assert.equal(onFailure('max-age=0, stale-if-error=60', { status: 500 }).status, 200)
    assert.equal(
      onFailure('max-age=0', { status: 500 }, { 'cache-control': 'stale-if-error=60' }).status,
      200,
    )
    assert.equal(onFailure('max-age=0', { status: 500 }, { 'cache-control': 'stale-if-error=1' }).status, 500)
  })

  test('a client that asked for no-cache gets the failure', () => {
    assert.ok(onFailure('max-age=2', new Error('down'), { 'cache-control': 'no-cache' }).error)
  })

  test('without a word of the origin the bound of the cache holds', () => {
    const driver = new CacheDriver({ staleIfError: 0 })
    driver.get('/p', { headers: { 'cache-control': 'max-age=2', etag: '"a"' }, body: 'stored' })
    driver.clock.advance(3000)
    assert.ok(driver.get('/p', new Error('down')).error)
  })

  test('a server that dies after its head fails the response: nothing is pieced together', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=2', etag: '"a"' }, body: 'stored' })
    driver.clock.advance(3000)
    const client = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
    driver.lastExchange.data('ne')
    driver.lastExchange.fail()
    assert.ok(client.error)
  })

  test('all who wait get the stale response at once, each by its own conditions', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=2', etag: '"a"' }, body: 'stored' })
    driver.clock.advance(3000)
    const clients = [
      driver.send('/p'),
      driver.send('/p'),
      driver.send('/p', { headers: { 'if-none-match': '"a"' } }),
    ]
    driver.lastExchange.fail()
    assert.deepEqual(
      clients.map((client) => client.status),
      [200, 200, 304],
    )
    assert.equal(driver.exchanges.length, 2)
    assert.equal(driver.cache.stats.stale, 3)
  })

  test('a response that was purged meanwhile does not come back', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=2', etag: '"a"' }, body: 'stored' })
    driver.clock.advance(3000)
    const client = driver.send('/p')
    driver.cache.purger.purge('http://example.com/p')
    driver.lastExchange.fail()
    assert.ok(client.error)
  })
})

suite('stale-while-revalidate (RFC 5861, section 3)', () => {
  function swr(): CacheDriver {
    const driver = new CacheDriver()
    const headers = { 'cache-control': 'max-age=1, stale-while-revalidate=10', etag: '"a"' }
    driver.get('/p', { headers, body: 'stored' })
    driver.clock.advance(3000)
    return driver
  }

  test('the stale response is sent at once, and the server asked beside it', () => {
    const driver = swr()
    const client = driver.send('/p', { headers: { 'if-none-match': '"x"', range: 'bytes=0-1' } })
    assert.equal(client.body, 'st')
    assert.equal(client.cacheStatus, 'headgate; hit; ttl=-2; detail=stale-while-revalidate')
    assert.deepEqual(driver.lastExchange.headers, { 'if-none-match': '"a"' })
    driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=60', etag: '"b"' }, body: 'new' })
    assert.equal(driver.get('/p').body, 'new')
  })

  test('one revalidation is under way at a time', () => {
    const driver = swr()
    for (let count = 0; count < 5; count++) assert.equal(driver.send('/p').body, 'stored')
    assert.equal(driver.exchanges.length, 2)
    driver.lastExchange.fail()
    driver.send('/p')
    assert.equal(driver.exchanges.length, 3)
    driver.lastExchange.respond({ status: 304 })
    assert.match(driver.get('/p').cacheStatus, /hit; ttl=1$/)
  })

  test('it is a GET, even beside a HEAD', () => {
    const driver = swr()
    assert.equal(driver.send('/p', { method: 'HEAD' }).isHit, true)
    assert.equal(driver.lastExchange.method, 'GET')
    driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=60' }, body: 'new' })
    assert.equal(driver.get('/p').body, 'new')
  })

  test('after the window the client waits, and joins a revalidation that is under way', () => {
    const driver = swr()
    driver.send('/p')
    driver.clock.advance(10_000)
    const client = driver.send('/p')
    assert.deepEqual(client.lookups, ['join'])
    driver.lastExchange.respond({ status: 304, headers: { etag: '"a"' } })
    assert.equal(client.body, 'stored')
    assert.equal(driver.exchanges.length, 2)
  })

  test('must-revalidate and a demanding request forbid it', () => {
    const driver = new CacheDriver()
    const headers = { 'cache-control': 'max-age=1, must-revalidate, stale-while-revalidate=10', etag: '"a"' }
    driver.get('/p', { headers, body: 'stored' })
    driver.clock.advance(3000)
    assert.equal(driver.send('/p').status, undefined)
    assert.equal(swr().send('/p', { headers: { 'cache-control': 'max-age=60' } }).status, undefined)
  })
})
