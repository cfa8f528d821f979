import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver } from '../../helpers/cache-driver.ts'

suite('collection', () => {
  test('what has expired is taken out after one interval of grace', () => {
    const driver = new CacheDriver({ gcInterval: 10_000 })
    driver.get('/p', { headers: { 'cache-control': 'max-age=5' }, body: 'x' })
    driver.get('/q', { headers: { 'cache-control': 'max-age=500' }, body: 'x' })
    driver.clock.advance(10_000)
    assert.equal(driver.cache.entries, 2)
    driver.clock.advance(10_000)
    assert.equal(driver.cache.entries, 1)
    assert.equal(driver.get('/q').isHit, true)
  })

  test('what can be validated is kept for as long again as it was fresh', () => {
    const driver = new CacheDriver({ gcInterval: 1000 })
    driver.get('/p', { headers: { 'cache-control': 'max-age=100', etag: '"a"' }, body: 'x' })
    driver.clock.advance(199_000)
    assert.equal(driver.cache.entries, 1)
    driver.clock.advance(2000)
    assert.equal(driver.cache.entries, 0)
  })

  test('what the origin lets be used stale is kept until then', () => {
    const driver = new CacheDriver({ gcInterval: 1000 })
    driver.get('/p', { headers: { 'cache-control': 'max-age=1, stale-if-error=100' }, body: 'x' })
    driver.clock.advance(100_000)
    assert.equal(driver.cache.entries, 1)
    driver.clock.advance(2000)
    assert.equal(driver.cache.entries, 0)
  })

  test('it works in slices, with a timer between them', () => {
    const driver = new CacheDriver({ gcInterval: 10_000 })
    for (let count = 0; count < 1000; count++) {
      driver.get(`/${count}`, { headers: { 'cache-control': 'max-age=1' }, body: 'x' })
    }
    driver.clock.advance(19_999)
    assert.equal(driver.cache.entries, 1000)
    let left = 1000
    driver.clock.setTimeout(() => {
      left = driver.cache.entries
    }, 1)
    driver.clock.advance(1)
    assert.ok(left > 0 && left < 1000, 'somebody else had a turn in between')
    assert.equal(driver.cache.entries, 0)
  })

  test('what smaller bounds have no room for goes in slices, and what is of use stays', () => {
    const driver = new CacheDriver({ gcInterval: 10_000, maxEntries: 2000 })
    for (let count = 0; count < 1000; count++) {
      driver.get(`/${count}`, { headers: { 'cache-control': 'max-age=500' }, body: 'x' })
    }
    driver.cache.adjust({ gcInterval: 10_000, maxEntries: 300 })
    assert.ok(driver.cache.entries > 900, 'nobody waits for it')
    driver.clock.advance(1000)
    assert.equal(driver.cache.entries, 300)
    assert.equal(driver.cache.evictions, 700)
    driver.get('/new', { headers: { 'cache-control': 'max-age=500' }, body: 'x' })
    assert.equal(driver.cache.entries, 300)
  })

  test('other rules hold for what comes, and the interval for the next collection', () => {
    const driver = new CacheDriver({ gcInterval: 10_000 })
    driver.cache.adjust({ gcInterval: 1000, maxEntryBytes: 10 })
    driver.get('/large', { headers: { 'cache-control': 'max-age=1' }, body: 'x'.repeat(20) })
    driver.get('/small', { headers: { 'cache-control': 'max-age=1' }, body: 'x' })
    assert.equal(driver.cache.entries, 1)
    driver.clock.advance(3000)
    assert.equal(driver.cache.entries, 0)
  })

  test('it goes on for as long as the cache is open', () => {
    const driver = new CacheDriver({ gcInterval: 1000 })
    for (let round = 0; round < 3; round++) {
      driver.get('/p', { headers: { 'cache-control': 'max-age=1' }, body: 'x' })
      assert.equal(driver.cache.entries, 1)
      driver.clock.advance(4000)
      assert.equal(driver.cache.entries, 0)
    }
    driver.cache.close()
    assert.equal(driver.clock.pending, 0)
  })
})
