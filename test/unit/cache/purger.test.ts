import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

function stored(...targets: string[]): CacheDriver {
  const driver = new CacheDriver()
  for (const target of targets) driver.get(target, { headers: { 'cache-control': 'max-age=60' }, body: 'x' })
  return driver
}

suite('purging', () => {
  test('by URL: every variant and partition, and nothing else', () => {
    const driver = stored('/p', '/p?x', '/p/q')
    const varied = { headers: { 'cache-control': 'max-age=60', vary: 'foo' }, body: 'x' }
    for (const foo of ['1', '2']) driver.get('/v', varied, { headers: { foo }, partition: 'canary' })
    assert.equal(driver.cache.purger.purge('http://EXAMPLE.com:80/p#top'), 1)
    assert.equal(driver.cache.purger.purge('http://example.com/v'), 2)
    assert.equal(driver.cache.purger.purge('http://example.com/p'), 0)
    assert.equal(driver.cache.entries, 2)
  })

  test('by prefix, in slices', async () => {
    const driver = stored(
      ...Array.from({ length: 2500 }, (_, index) => `/${index % 2 === 0 ? 'a' : 'b'}/${index}`),
    )
    const purged = driver.cache.purger.purgePrefix('http://example.com/a/')
    assert.ok(driver.cache.entries > 1250, 'the first slice is not all')
    await driver.clock.advanceAsync(0)
    assert.equal(await purged, 1250)
    assert.equal(driver.cache.entries, 1250)
    assert.equal(driver.get('/b/1').isHit, true)
  })

  test('by tag, of Cache-Tag and of Surrogate-Key', async () => {
    const driver = new CacheDriver()
    const answer = (fields: Fields) => ({ headers: { 'cache-control': 'max-age=60', ...fields }, body: 'x' })
    driver.get('/1', answer({ 'cache-tag': 'shoes, Sale' }))
    driver.get('/2', answer({ 'surrogate-key': 'sale hats' }))
    driver.get('/3', answer({ 'cache-tag': 'sales' }))
    assert.equal(await driver.cache.purger.purgeTag('sale'), 2)
    assert.equal(await driver.cache.purger.purgeTag('SALE'), 0)
    assert.equal(driver.get('/3').isHit, true)
  })

  test('what is under way for a purged URL is not stored', async () => {
    for (const purge of [
      (driver: CacheDriver) => driver.cache.purger.purge('http://example.com/p'),
      (driver: CacheDriver) => driver.cache.purger.purgePrefix('http://example.com/'),
    ]) {
      const driver = new CacheDriver()
      const client = driver.send('/p')
      await purge(driver)
      driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=60' }, body: 'x' })
      assert.equal(client.body, 'x')
      assert.equal(driver.cache.entries, 0)
    }
  })

  test('an entry can be looked at', () => {
    const driver = new CacheDriver()
    const headers = {
      'cache-control': 'max-age=60, stale-if-error=9',
      vary: 'foo',
      etag: '"a"',
      'cache-tag': 't',
    }
    driver.get('/p', { headers, body: 'stored' }, { headers: { foo: '1' } })
    driver.clock.advance(5000)
    driver.get('/p', {}, { headers: { foo: '1' } })
    const [entry, ...others] = driver.cache.purger.inspect('http://example.com/p')
    assert.deepEqual(others, [])
    const { bytes, ...rest } = entry!
    assert.ok(bytes > 6)
    assert.deepEqual(rest, {
      key: 'http://example.com/p',
      statusCode: 200,
      lifetimeSource: 'max-age',
      age: 5,
      freshFor: 55,
      freshUntil: driver.clock.wallNow() + 55_000,
      storedAt: driver.clock.wallNow() - 5000,
      vary: ['foo'],
      selecting: 'foo:1\n',
      noCache: false,
      mustRevalidate: false,
      staleWhileRevalidate: 0,
      staleIfError: 9,
      etag: '"a"',
      tags: ['t'],
      bodyBytes: 6,
      hits: 1,
      isPartial: false,
    })
  })
})
