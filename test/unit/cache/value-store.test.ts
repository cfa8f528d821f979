import assert from 'node:assert/strict'
import { test } from 'node:test'
import caching from '@fastify/caching'
import fastify from 'fastify'
import { type StoredValue, ValueStore } from '../../../src/cache/value-store.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

function get(store: ValueStore, key: Parameters<ValueStore['get']>[0]): StoredValue | null {
  let found: StoredValue | null = null
  store.get(key, (_error, value) => {
    found = value
  })
  return found
}

const ignore = () => {}

test('a value is found until its time is up, with what is left of it', () => {
  const clock = new FakeClock()
  const store = new ValueStore({ clock })
  const stored = clock.wallNow()
  store.set('a', { any: 'value' }, 1000, ignore)

  clock.advance(400)
  assert.deepEqual(get(store, 'a'), { item: { any: 'value' }, stored, ttl: 600 })
  clock.advance(601)
  assert.equal(get(store, 'a'), null)
  assert.equal(store.size, 0)
})

test('one identifier in two segments is two keys', () => {
  const store = new ValueStore()
  store.set({ id: 'a', segment: 'one' }, 1, 1000, ignore)
  assert.equal(get(store, { id: 'a', segment: 'two' }), null)
  assert.equal(get(store, { id: 'a', segment: 'one' })?.item, 1)
})

test('the value that was used longest ago makes room', () => {
  const store = new ValueStore({ maxEntries: 2 })
  store.set('a', 1, 1000, ignore)
  store.set('b', 2, 1000, ignore)
  get(store, 'a')
  store.set('c', 3, 1000, ignore)

  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => get(store, key)?.item),
    [1, undefined, 3],
  )
})

test('a deleted value is gone', () => {
  const store = new ValueStore()
  store.set('a', 1, 1000, ignore)
  store.delete('a', ignore)
  store.has('a', (_error, has) => assert.equal(has, false))
})

test('@fastify/caching works over it', async (t) => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(caching, { cache: new ValueStore() as never })
  app.get('/', (_request, reply) => void reply.etag('"v1"', 60_000).send('the page'))

  assert.equal((await app.inject('/')).statusCode, 200)
  assert.equal((await app.inject({ url: '/', headers: { 'if-none-match': '"v1"' } })).statusCode, 304)
})
