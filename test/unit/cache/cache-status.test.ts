import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver } from '../../helpers/cache-driver.ts'

const FRESH = { headers: { 'cache-control': 'max-age=60', 'content-length': '1' }, body: 'x' }

suite('Cache-Status (RFC 9211)', () => {
  test('a hit says for how long it is fresh', () => {
    const driver = new CacheDriver()
    driver.get('/p', FRESH)
    driver.clock.advance(2500)
    assert.equal(driver.get('/p').cacheStatus, 'headgate; hit; ttl=58')
  })

  test('a miss says why it was forwarded, what came, and that it was stored', () => {
    const driver = new CacheDriver()
    assert.equal(
      driver.get('/p', FRESH).cacheStatus,
      'headgate; fwd=uri-miss; fwd-status=200; ttl=60; stored',
    )
  })

  test('nothing is claimed of a body of unknown length, which may prove too large', () => {
    const driver = new CacheDriver({ maxEntryBytes: 10 })
    const headers = { 'cache-control': 'max-age=60' }
    const unclaimed = 'headgate; fwd=uri-miss; fwd-status=200; ttl=60'
    assert.equal(driver.get('/large', { headers, body: 'more than it may be' }).cacheStatus, unclaimed)
    assert.equal(driver.get('/small', { headers, body: 'little' }).cacheStatus, unclaimed)
    assert.equal(driver.get('/small').cacheStatus, 'headgate; hit; ttl=60')
  })

  test('a response that is not stored says why', () => {
    const cases = {
      'no-store': { 'cache-control': 'no-store' },
      private: { 'cache-control': 'private' },
      vary: { 'cache-control': 'max-age=60', vary: '*' },
      'no-freshness': { 'cache-control': 'public' },
      'too-large': { 'cache-control': 'max-age=60', 'content-length': '99999999' },
    }
    for (const [detail, headers] of Object.entries(cases)) {
      const driver = new CacheDriver()
      const client = driver.get('/p', { headers: headers as Record<string, string> })
      assert.equal(client.cacheStatus, `headgate; fwd=uri-miss; fwd-status=200; detail=${detail}`)
    }
  })

  test('a request that waited for another one says so', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    const second = driver.send('/p')
    driver.lastExchange.respond(FRESH)
    assert.equal(second.cacheStatus, 'headgate; fwd=uri-miss; fwd-status=200; ttl=60; stored; collapsed')
  })

  test('a request that the cache has nothing to do with says why', () => {
    const driver = new CacheDriver({ mode: 'static' })
    const status = (target: string, request: object) => driver.get(target, {}, request).cacheStatus
    assert.equal(status('/page', {}), 'headgate; fwd=bypass; fwd-status=200; detail=extension')
    assert.equal(status('/a.css', { method: 'POST' }), 'headgate; fwd=method; fwd-status=200')
    assert.equal(status('/a.css', { method: 'OPTIONS' }), 'headgate; fwd=method; fwd-status=200')
    assert.equal(
      status('/a.css', { headers: { 'cache-control': 'no-store' } }),
      'headgate; fwd=request; fwd-status=200; detail=no-store',
    )
    assert.equal(
      status('/a.css', { headers: { 'content-length': '3' } }),
      'headgate; fwd=request; fwd-status=200; detail=request-body',
    )
  })

  test('the field of a cache before this one is kept, and ours comes after it', () => {
    const driver = new CacheDriver()
    driver.get('/p', { ...FRESH, headers: { ...FRESH.headers, 'cache-status': 'Origin; hit' } })
    assert.equal(driver.get('/p').cacheStatus, 'Origin; hit, headgate; hit; ttl=60')
  })

  test('the counters count every request once', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    driver.send('/p')
    driver.lastExchange.respond(FRESH)
    driver.get('/p')
    driver.get('/p', {}, { method: 'POST' })
    driver.get('/q', { headers: { 'cache-control': 'max-age=1', etag: '"a"' } })
    driver.clock.advance(2000)
    driver.get('/q', { status: 304 })
    driver.clock.advance(2000)
    driver.get('/q', new Error('down'))
    driver.get('/r', new Error('down'))
    assert.deepEqual(driver.cache.stats, {
      hit: 1,
      miss: 3,
      stale: 1,
      revalidated: 1,
      bypass: 1,
      collapsed: 1,
    })
  })
})
