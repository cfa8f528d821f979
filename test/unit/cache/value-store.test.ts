import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ValueStore } from '../../../src/cache/value-store.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

suite('values of other plugins', () => {
  test('a value is kept for its lifetime, and says what is left of it', () => {
    const clock = new FakeClock()
    const store = new ValueStore({ clock })
    assert.equal(store.set('a', { b: [1, 2] }, 1000), true)
    clock.advance(400)
    assert.deepEqual(store.get('a'), { item: { b: [1, 2] }, stored: clock.wallNow() - 400, ttl: 600 })
    clock.advance(600)
    assert.equal(store.has('a'), false)
    assert.equal(store.get('a'), undefined)
    assert.deepEqual([store.size, store.bytes], [0, 0])
  })

  test('nobody changes what another one reads', () => {
    const store = new ValueStore({ clock: new FakeClock() })
    const mine = { list: [1] }
    store.set('a', mine, 1000)
    mine.list.push(2)
    ;(store.get('a')?.item as { list: number[] }).list.push(3)
    assert.deepEqual(store.get('a')?.item, { list: [1] })
  })

  test('its bounds hold, and what is used stays', () => {
    const store = new ValueStore({ clock: new FakeClock(), maxEntries: 100, maxBytes: 50_000 })
    store.set('hot', 'x', 1000)
    for (let index = 0; index < 1000; index++) {
      store.set(`cold${index}`, 'x'.repeat(index), 1000)
      store.get('hot')
      assert.ok(store.size <= 100 && store.bytes <= 50_000)
    }
    assert.equal(store.has('hot'), true)
    assert.equal(store.set('large', 'x'.repeat(60_000), 1000), false)
    store.clear()
    assert.deepEqual([store.size, store.bytes], [0, 0])
  })

  test('a new value takes the place of the old one, and a lifetime of nothing keeps nothing', () => {
    const store = new ValueStore({ clock: new FakeClock() })
    store.set('a', 1, 1000)
    store.set('a', 2, 1000)
    assert.equal(store.get('a')?.item, 2)
    for (const ttl of [0, -1, Number.NaN]) assert.equal(store.set('a', 3, ttl), false)
    assert.equal(store.get('a'), undefined)
    assert.equal(store.delete('a'), false)
  })
})
