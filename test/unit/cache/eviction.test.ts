import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Evictable, EvictionQueue } from '../../../src/cache/eviction.ts'

class Node implements Evictable<Node> {
  readonly key: string
  readonly bytes: number
  uses = 0
  queue = 0
  older: Node | undefined
  newer: Node | undefined

  constructor(key: string, bytes = 1) {
    this.key = key
    this.bytes = bytes
  }
}

suite('the order of eviction', () => {
  test('what was never used goes first, the oldest of it', () => {
    const queue = new EvictionQueue<Node>()
    const nodes = ['a', 'b', 'c'].map((key) => new Node(key))
    for (const node of nodes) queue.add(node)
    queue.touch(nodes[0]!)
    queue.touch(nodes[0]!)
    assert.deepEqual([queue.evict()?.key, queue.evict()?.key, queue.evict()?.key], ['b', 'c', 'a'])
    assert.equal(queue.evict(), undefined)
  })

  test('a scan does not push out what is used', () => {
    const queue = new EvictionQueue<Node>()
    const hot = Array.from({ length: 50 }, (_, index) => new Node(`hot${index}`))
    for (const node of hot) queue.add(node)
    for (const node of hot) for (let uses = 0; uses < 3; uses++) queue.touch(node)
    for (let index = 0; index < 50; index++) queue.add(new Node(`cold${index}`))
    for (let index = 0; index < 1000; index++) {
      queue.add(new Node(`scan${index}`))
      queue.evict()
    }
    assert.ok(hot.every((node) => node.queue > 0))
  })

  test('what comes back soon after it was evicted skips probation', () => {
    const queue = new EvictionQueue<Node>()
    for (const key of ['a', 'b', 'c', 'd']) queue.add(new Node(key))
    assert.equal(queue.evict()?.key, 'a')
    const again = new Node('a')
    queue.add(again)
    assert.equal(again.queue, 2)
  })

  test('every node that was added and not removed is evicted exactly once', () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        key: fc.nat(20),
        bytes: fc.integer({ min: 1, max: 100 }),
      }),
      fc.record({ kind: fc.constantFrom('touch' as const, 'remove' as const), key: fc.nat(20) }),
      fc.record({ kind: fc.constant('evict' as const) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const queue = new EvictionQueue<Node>()
        const inside = new Map<string, Node>()
        for (const step of actions) {
          if (step.kind === 'evict') {
            const node = queue.evict()
            assert.equal(node === undefined, inside.size === 0)
            if (node !== undefined) assert.equal(inside.delete(node.key), true)
            continue
          }
          const key = String(step.key)
          const known = inside.get(key)
          if (step.kind === 'add' && known === undefined) {
            const node = new Node(key, step.bytes)
            inside.set(key, node)
            queue.add(node)
          } else if (step.kind === 'touch' && known !== undefined) queue.touch(known)
          else if (step.kind === 'remove' && known !== undefined) {
            queue.remove(known)
            queue.remove(known)
            inside.delete(key)
          }
        }
        while (inside.size > 0) assert.equal(inside.delete(queue.evict()!.key), true)
        assert.equal(queue.evict(), undefined)
      }),
    )
  })
})
