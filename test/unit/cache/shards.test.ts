import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { SHARDS, ShardedMap, ShardedSet, shardOf } from '../../../src/cache/shards.ts'

const step = fc.record({ kind: fc.constantFrom('set', 'delete'), key: fc.nat(40).map(String) })

suite('maps and sets in shards', () => {
  test('a map holds what a Map holds', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const model = new Map<string, number>()
        const map = new ShardedMap<number>()
        for (const [index, { kind, key }] of steps.entries()) {
          if (kind === 'set') {
            model.set(key, index)
            map.set(key, index)
          } else {
            model.delete(key)
            map.delete(key)
          }
          assert.equal(map.get(key), model.get(key))
          assert.equal(map.size, model.size)
        }
        assert.deepEqual(new Set(map.values()), new Set(model.values()))
      }),
    )
  })

  test('a set holds what was added and not deleted, before and after it is split', () => {
    const set = new ShardedSet<{ key: string }>()
    const items = Array.from({ length: 2000 }, (_, index) => ({ key: `${index % 1500}` }))
    for (const item of items) set.add(item)
    for (const item of items.slice(0, 700)) set.delete(item)
    assert.equal(set.size, 1300)
    assert.deepEqual(new Set(set.values()), new Set(items.slice(700)))
  })

  test('a walk ends though others add as fast as it goes, and sees all that stays', () => {
    const map = new ShardedMap<number>()
    for (let index = 0; index < 1000; index++) map.set(`old ${index}`, index)
    let added = 0
    const seen = new Set<number>()
    for (const value of map.values()) {
      map.set(`new ${added++}`, -1)
      seen.add(value)
    }
    for (let index = 0; index < 1000; index++) assert.ok(seen.has(index))
  })

  test('URLs that differ at their end or before spread over the shards', () => {
    for (const url of [(n: number) => `http://a/${n}`, (n: number) => `http://a/${n}/index.html?v=1`]) {
      const counts = new Array(SHARDS).fill(0)
      for (let index = 0; index < 25_600; index++) counts[shardOf(url(index))]++
      assert.ok(Math.max(...counts) < 300, `at most ${Math.max(...counts)} of about 100`)
    }
  })
})
