import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverSpec, serverSpecs, shares, upstreamOf } from '../../helpers/upstream.ts'

test('a server that stays keeps its record, its counters and its pool', () => {
  const { upstream, pools, server, apply } = upstreamOf()
  shares(upstream, 30)
  const before = server('s0')
  apply([5, 6, 7, 8])
  assert.equal(server('s0'), before)
  assert.ok(before.outcomes.success > 0)
  assert.equal(pools.length, 4)
  assert.equal(
    pools.every((pool) => pool.closed === undefined),
    true,
  )
})

test('a removed server takes nothing more, retires its pool at once, and is forgotten after its last request', () => {
  const { upstream, events, server, apply } = upstreamOf({ weights: [1, 1] })
  const held = [upstream.tryReserve({})!, upstream.tryReserve({})!].find(
    (reservation) => reservation.server.name === 's1',
  )!
  const removed = server('s1')
  apply([1])
  assert.equal(removed.state, 'removed')
  assert.equal(removed.pool.closed, 'server_removed')
  assert.equal(server('s1'), removed)
  assert.equal(shares(upstream, 50)[1], 0)
  held.release('success')
  assert.deepEqual(
    [...upstream.servers].map(({ name }) => name),
    ['s0'],
  )
  assert.deepEqual(
    events.filter((event) => event.server === 's1').map((event) => event.type),
    ['joined', 'draining', 'removed'],
  )
})

test('a name that comes back while it drains is revived, with its counters and a new pool', () => {
  const { upstream, pools, server, apply } = upstreamOf({ weights: [1, 1] })
  const held = [upstream.tryReserve({})!, upstream.tryReserve({})!].find(
    (reservation) => reservation.server.name === 's1',
  )!
  const record = server('s1')
  apply([1])
  apply([1, 1])
  assert.equal(server('s1'), record)
  assert.equal(record.state, 'active')
  assert.equal(record.inFlight, 1)
  assert.equal(record.pool.closed, undefined)
  assert.equal(pools.length, 3)
  held.release('success')
  assert.equal(server('s1'), record)
  assert.equal(record.inFlight, 0)
})

test('a pool that can be restored stays with its server', () => {
  const { pools, server, apply } = upstreamOf({
    weights: [1, 1],
    restorePool: (pool) => {
      pool.closed = undefined
    },
  })
  const held = server('s1')
  held.inFlight++
  apply([1])
  assert.equal(held.pool.closed, 'server_removed')
  apply([1, 1])
  assert.equal(held.pool.closed, undefined)
  assert.equal(pools.length, 2)
})

test('a server marked SUNDOWN drains but stays listed, and starts slowly when it returns', () => {
  const { upstream, clock, events, server } = upstreamOf({ weights: [1, 1] })
  clock.advance(1_000)
  upstream.apply([serverSpec('s0'), serverSpec('s1', 1, { draining: true })])
  assert.equal(server('s1').state, 'draining')
  assert.equal(server('s1').pool.closed, 'server_removed')
  assert.equal(shares(upstream, 100)[1], 0)
  upstream.apply(serverSpecs([1, 1]))
  assert.equal(server('s1').state, 'active')
  assert.equal(upstream.explain(server('s1')).slowStart, 0.1)
  assert.deepEqual(
    events.filter((event) => event.server === 's1').map((event) => event.type),
    ['joined', 'draining', 'returned'],
  )
})

test('a draining server that is taken off the list is forgotten', () => {
  const { upstream, apply } = upstreamOf({ weights: [1, 1] })
  upstream.apply([serverSpec('s0'), serverSpec('s1', 1, { draining: true })])
  apply([1])
  assert.deepEqual(
    [...upstream.servers].map(({ name }) => name),
    ['s0'],
  )
})

test('a server that is to be dialled elsewhere gets a new pool and keeps its record', () => {
  const { upstream, server } = upstreamOf({ weights: [1] })
  const record = server('s0')
  const { pool } = record
  upstream.apply([serverSpec('s0', 1, { host: 'elsewhere' })])
  assert.equal(server('s0'), record)
  assert.equal(pool.closed, 'server_removed')
  assert.equal(record.pool.closed, undefined)
})

test('the servers of the first list do not start slowly; one that joins later does', () => {
  const { upstream, clock, server, apply } = upstreamOf({ weights: [1, 1], balance: { slowStart: 10_000 } })
  assert.equal(server('s0').slow, 1)
  clock.advance(60_000)
  apply([1, 1, 1])
  assert.equal(server('s2').slow, 0.1)
  clock.advance(5_000)
  shares(upstream, 1)
  assert.equal(server('s2').slow, 0.5)
  clock.advance(5_000)
  shares(upstream, 1)
  assert.equal(server('s2').slow, 1)
})

test('an empty list leaves nobody to send to', () => {
  const { upstream, apply } = upstreamOf({ weights: [1] })
  apply([])
  assert.throws(() => upstream.tryReserve({}), { code: 'HEADGATE_NO_SERVER', statusCode: 503 })
})

test('the last release of a server that was removed and listed anew does not touch the new record', () => {
  const { upstream, server, apply } = upstreamOf({ weights: [1, 1] })
  apply([1])
  apply([1, 1])
  const record = server('s1')
  apply([1, 1])
  assert.equal(server('s1'), record)
  assert.equal(upstream.inFlight, 0)
})

test('the connections to a server are opened with their first use, and by nothing else', () => {
  const { upstream, pools, server, apply } = upstreamOf({ opensAhead: false, weights: [1, 1, 1] })
  shares(upstream, 30)
  apply([1, 2])
  upstream.apply([serverSpec('s0', 1, { draining: true }), serverSpec('s1', 1, { host: 'elsewhere' })])
  upstream.apply(serverSpecs([1, 1]))
  upstream.prepare({ openPool: () => assert.fail('nothing is renewed') }, { renewsPools: true })
  assert.deepEqual(pools, [])
  assert.equal(server('s0').openedPool, undefined)

  const { pool } = server('s0')
  assert.equal(server('s0').pool, pool)
  assert.deepEqual(pools, [{ name: 's0', closed: undefined }])
})

test('connections that are to be warm are opened as a server joins, or as settings say so', () => {
  const { upstream, pools, server, apply } = upstreamOf({ opensAhead: false, weights: [1, 1] })
  const openPool = () => ({ name: 'new', closed: undefined })
  assert.equal(server('s0').pool.name, 's0')
  upstream.prepare({ openPool, opensAhead: true })()
  assert.equal(pools.length, 1)
  assert.equal(server('s1').openedPool?.name, 'new')
  apply([1, 1, 1])
  assert.equal(server('s2').openedPool?.name, 'new')
})

for (const [what, reason, take] of [
  ['has left', 'server_removed', (upstream) => upstream.apply([])],
  ['drains', 'server_removed', (upstream) => upstream.apply([serverSpec('s0', 1, { draining: true })])],
  ['has been closed with all others', 'shutdown', (upstream) => upstream.close()],
] as const satisfies [string, string, (upstream: ReturnType<typeof upstreamOf>['upstream']) => void][]) {
  test(`a request that has a slot of a server that ${what} gets a connection, and no other does`, () => {
    const { upstream, pools } = upstreamOf({ opensAhead: false, weights: [1] })
    const { server } = upstream.tryReserve({})!
    take(upstream)
    assert.equal(server.pool, pools[0])
    assert.equal(server.pool.closed, reason)
  })
}
