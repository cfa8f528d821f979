import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type Fields, type TestClient } from '../../helpers/cache-driver.ts'

function ask(stored: Fields, cacheControl: string, waitMs = 0, name = 'cache-control'): TestClient {
  const driver = new CacheDriver()
  driver.get('/p', { headers: stored, body: 'stored' })
  driver.clock.advance(waitMs)
  return driver.get('/p', { body: 'new' }, { headers: { [name]: cacheControl } })
}

const FRESH = { 'cache-control': 'max-age=3600' }

suite('Cache-Control of requests (RFC 9111, section 5.2.1)', () => {
  test('max-age: no response that is older', () => {
    assert.equal(ask(FRESH, 'max-age=0').isHit, false)
    assert.equal(ask(FRESH, 'max-age=1', 2000).isHit, false)
    assert.equal(ask(FRESH, 'max-age=3', 2000).isHit, true)
    assert.equal(ask({ ...FRESH, age: '1800' }, 'max-age=600').isHit, false)
  })

  test('min-fresh: none that will be stale sooner', () => {
    assert.equal(ask(FRESH, 'min-fresh=3600').isHit, true)
    assert.equal(ask(FRESH, 'min-fresh=3601').isHit, false)
    assert.equal(ask({ ...FRESH, age: '3000' }, 'min-fresh=1000').isHit, false)
  })

  test('max-stale: one that has been stale for no longer', () => {
    const short = { 'cache-control': 'max-age=1' }
    assert.equal(ask(short, 'max-stale=10', 5000).isHit, true)
    assert.equal(ask(short, 'max-stale', 50_000).isHit, true)
    assert.equal(ask(short, 'max-stale=3', 5000).isHit, false)
    assert.equal(ask({ 'cache-control': 'max-age=1500', age: '1400' }, 'max-stale=1000', 105_000).isHit, true)
  })

  test('max-stale does not overrule the origin', () => {
    for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=1', 'no-cache']) {
      const stored = { 'cache-control': `max-age=1, ${directive}`, etag: '"a"' }
      assert.equal(ask(stored, 'max-stale=100', 5000).isHit, false, directive)
    }
  })

  test('no-cache: not without validation', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { ...FRESH, etag: '"a"' }, body: 'stored' })
    const client = driver.get('/p', { status: 304 }, { headers: { 'cache-control': 'no-cache' } })
    assert.equal(driver.lastExchange.headers['if-none-match'], '"a"')
    assert.equal(client.body, 'stored')
    assert.match(client.cacheStatus, /fwd=request/)
  })

  test('no-store: past the cache, in both directions', () => {
    const driver = new CacheDriver()
    const answer = { headers: FRESH, body: 'x' }
    assert.equal(driver.get('/p', answer, { headers: { 'cache-control': 'no-store' } }).isHit, false)
    assert.equal(driver.cache.entries, 0)
    driver.get('/p', answer)
    assert.equal(driver.get('/p', answer, { headers: { 'cache-control': 'no-store' } }).isHit, false)
  })

  test('only-if-cached: from the store or not at all', () => {
    assert.equal(ask(FRESH, 'only-if-cached').isHit, true)
    const driver = new CacheDriver()
    const client = driver.send('/p', { headers: { 'cache-control': 'only-if-cached' } })
    assert.deepEqual(client.lookups, ['refuse'])
    assert.equal(driver.exchanges.length, 0)
    assert.equal(ask({ 'cache-control': 'max-age=1' }, 'only-if-cached, max-stale=100', 5000).isHit, true)
  })

  test('Pragma: no-cache counts where there is no Cache-Control (section 5.4)', () => {
    assert.equal(ask(FRESH, 'no-cache', 0, 'pragma').isHit, false)
    assert.equal(ask(FRESH, 'something', 0, 'pragma').isHit, true)
    const driver = new CacheDriver()
    driver.get('/p', { headers: FRESH, body: 'x' })
    assert.equal(
      driver.get('/p', {}, { headers: { pragma: 'no-cache', 'cache-control': 'max-age=60' } }).isHit,
      true,
    )
  })

  test('what cannot be read restricts', () => {
    assert.equal(ask(FRESH, 'max-age=x').isHit, false)
    assert.equal(ask(FRESH, 'min-fresh=-1').isHit, false)
    assert.equal(ask({ 'cache-control': 'max-age=1' }, 'max-stale=x', 5000).isHit, false)
    assert.equal(ask(FRESH, 'max-age=3600, max-age=0').isHit, false)
  })

  test('a fresh immutable response is not revalidated for max-age, but for no-cache it is (RFC 8246)', () => {
    const stored = { 'cache-control': 'max-age=60, immutable' }
    assert.equal(ask(stored, 'max-age=0', 5000).isHit, true)
    assert.equal(ask(stored, 'no-cache', 5000).isHit, false)
    assert.equal(ask(stored, 'max-age=0', 61_000).isHit, false)
  })
})
