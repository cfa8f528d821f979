import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Entry } from '../../../src/cache/entry.ts'
import type { Policy } from '../../../src/cache/storage.ts'
import { Store, variants } from '../../../src/cache/store.ts'

function entry(key: string, selecting: string, size: number, tag: string): Entry {
  const policy: Policy = {
    lifetime: { ms: 60_000, source: 'max-age' },
    initialAge: 0,
    receivedAt: 0,
    noCache: false,
    mustRevalidate: false,
    immutable: false,
    staleWhileRevalidate: 0,
    staleIfError: undefined,
    vary: selecting === '' ? [] : ['foo'],
    validators: { etag: undefined, lastModified: undefined, date: 0 },
    partial: undefined,
    omitted: new Set(),
  }
  const head = { statusCode: 200, statusMessage: 'OK', headers: ['Cache-Tag', tag] }
  return new Entry({ key, head, policy, selecting, body: Buffer.alloc(size), storedAt: 0 })
}

suite('the store', () => {
  test('it never exceeds its bounds, and its counters are those of what it holds', () => {
    const put = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      selecting: fc.constantFrom('', 'foo:1\n', 'foo:2\n', 'foo:3\n', 'foo:4\n'),
      size: fc.nat(6000),
      tag: fc.constantFrom('x', 'y', 'z'),
    })
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ put }) },
      fc.record({ removeAll: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ touch: fc.constantFrom('a', 'b', 'c', 'd') }),
    )
    const limits = { maxEntries: 8, maxBytes: 20_000, maxVariants: 3 }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const store = new Store(limits)
        for (const action of steps) {
          if ('put' in action) {
            const { key, selecting, size, tag } = action.put
            store.put(entry(key, selecting, size, tag))
          } else if ('touch' in action)
            for (const known of variants(store.get(action.touch))) store.touch(known)
          else store.removeAll(action.removeAll)
          check(store, limits)
        }
        store.clear()
        assert.deepEqual([store.entries, store.bytes, store.size], [0, 0, 0])
        for (const tag of ['x', 'y', 'z']) assert.deepEqual([...store.tagged(tag)], [])
      }),
    )
  })

  test('a newcomer pushes out a bounded number of others, and stays once there is room', () => {
    const store = new Store({ maxEntries: 10_000, maxBytes: 2_000_000, maxVariants: 3 })
    for (let index = 0; store.evictions === 0; index++) store.put(entry(`small${index}`, '', 100, 'x'))
    const before = store.entries
    const large = () => entry('large', '', 400_000, 'x')
    assert.equal(store.put(large()), false)
    assert.equal(store.entries, before - 256)
    assert.equal(store.put(large()), true)
  })

  test('an entry larger than the whole store is not stored, and takes nothing with it but its own kind', () => {
    const store = new Store({ maxEntries: 8, maxBytes: 5000, maxVariants: 3 })
    store.put(entry('a', '', 10, 'x'))
    assert.equal(store.put(entry('b', '', 6000, 'x')), false)
    assert.equal(store.entries, 1)
    assert.equal(store.put(entry('a', '', 6000, 'x')), false)
    assert.equal(store.entries, 0)
  })
})

function check(store: Store, limits: { maxEntries: number; maxBytes: number; maxVariants: number }): void {
  const all: Entry[] = []
  for (const newest of store.resources()) {
    const resource = variants(newest)
    assert.ok(resource.length > 0 && resource.length <= limits.maxVariants)
    assert.equal(new Set(resource.map((known) => known.selecting)).size, resource.length)
    assert.equal(new Set(resource.map((known) => known.policy.vary.join())).size, 1)
    for (const known of resource) {
      assert.equal(known.key, newest.key)
      assert.ok(known.queue > 0)
      all.push(known)
    }
  }
  assert.equal(store.entries, all.length)
  assert.equal(
    store.bytes,
    all.reduce((sum, known) => sum + known.bytes, 0),
  )
  assert.ok(store.entries <= limits.maxEntries && store.bytes <= limits.maxBytes)
  const tagged = ['x', 'y', 'z'].flatMap((tag) => [...store.tagged(tag)])
  assert.deepEqual(new Set(tagged), new Set(all))
}
