import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PurgeLog } from '../../../src/cache/purge-log.ts'

const key = 'http://example.com/a/b'

suite('the log of purges', () => {
  for (const [what, purge] of [
    ['its URL', { kind: 'url', value: key }],
    ['a prefix', { kind: 'prefix', value: 'http://example.com/a' }],
    ['a tag', { kind: 'tag', value: 'sale' }],
    ['everything', { kind: 'prefix', value: '' }],
  ] as const) {
    test(`covers what was received before a purge of ${what}, in any partition, and not what came well after`, () => {
      const log = new PurgeLog()
      log.add({ ...purge, at: 100_000 })
      for (const partition of ['', '\ncanary']) {
        assert.equal(log.covers(key + partition, ['sale'], 99_999), true)
        assert.equal(log.covers(key + partition, ['sale'], 100_900), true, 'clocks differ')
        assert.equal(log.covers(key + partition, ['sale'], 101_001), false)
      }
    })
  }

  test('does not cover what was not purged', () => {
    const log = new PurgeLog()
    log.add({ kind: 'url', value: 'http://example.com/a', at: 100_000 })
    log.add({ kind: 'prefix', value: 'http://example.com/b', at: 100_000 })
    log.add({ kind: 'tag', value: 'sal', at: 100_000 })
    assert.equal(log.covers(key, ['sale'], 0), false)
  })

  test('of a purge that had to make room it remembers that there was one', () => {
    const log = new PurgeLog()
    for (let count = 0; count < 10_001; count++)
      log.add({ kind: 'tag', value: `${count}`, at: 50_000 + count })
    assert.equal(log.covers(key, [], 51_000), true)
    assert.equal(log.covers(key, [], 51_001), false)
  })

  test('an older purge that is heard of later does not replace a newer one', () => {
    const log = new PurgeLog()
    log.add({ kind: 'url', value: key, at: 100_000 })
    log.add({ kind: 'url', value: key, at: 1 })
    assert.equal(log.covers(key, [], 99_000), true)
  })
})
