import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergeSnapshots } from '../../../src/view/merge.ts'
import {
  ageClasses,
  type GatewaySnapshot,
  type ServerSnapshot,
  serverStates,
  type UpstreamSnapshot,
} from '../../../src/view/snapshot.ts'

const count = fc.nat({ max: 1_000 })
const counts = (...keys: string[]) => fc.record(Object.fromEntries(keys.map((key) => [key, count])))
/** Fractions that add up without rounding, so that the order of a sum cannot be seen in it. */
const fraction = fc.nat({ max: 64 }).map((value) => value / 16)

const server = fc.constantFrom(...serverStates).chain((state) =>
  fc.record({
    name: fc.constantFrom('a:1', 'b:2', 'c:3'),
    state: fc.constant(state),
    states: fc.constant({ [state]: 1 }),
    drainedByHand: fc.boolean(),
    score: fraction,
    weight: fraction,
    share: fraction,
    slowStart: fraction,
    ejections: counts('consecutive_failures', 'success_rate'),
    ejectionReason: fc.constantFrom(null, 'consecutive_failures', 'success_rate'),
    ejectedForMs: count,
    inFlight: count,
    slots: count,
    outcomes: counts('success', 'server_error', 'timeout'),
    latencyMs: fraction,
    successRate: fraction,
    connections: fc.record({
      active: count,
      idle: count,
      retiring: count,
      dialing: count,
      tunnels: count,
      opened: count,
      closed: counts('max_age', 'idle'),
      ages: fc.array(count, { minLength: ageClasses, maxLength: ageClasses }),
    }),
  }),
) as unknown as fc.Arbitrary<ServerSnapshot>

const upstream = fc.record({
  name: fc.constantFrom('app', 'api'),
  algorithm: fc.constantFrom('adaptive', 'hash'),
  discovery: fc.record({
    state: fc.constantFrom('static', 'fresh', 'stale', 'lost', 'waiting'),
    ageSeconds: fc.option(fraction, { nil: null }),
    connected: fc.boolean(),
  }),
  queueDepth: count,
  shed: counts('queue_full', 'no_server'),
  retries: counts('succeeded', 'failed', 'refused'),
  panic: fc.boolean(),
  maxAgeSeconds: count,
  servers: fc.uniqueArray(server, { selector: ({ name }) => name }),
}) as unknown as fc.Arbitrary<UpstreamSnapshot>

const snapshot = fc.record({
  version: fc.constantFrom('1.0.0', '1.0.1'),
  takenAt: count,
  uptimeSeconds: count,
  draining: fc.boolean(),
  workers: fc.constant(1),
  logLevel: fc.constantFrom('info', 'warn'),
  requests: fc.record({
    inFlight: count,
    tunnels: count,
    byStatus: counts('1xx', '2xx', '3xx', '4xx', '5xx'),
    shed: counts('event_loop', 'memory'),
  }),
  process: fc.record({
    eventLoopDelayMs: fraction,
    rssBytes: count,
    heapUsedBytes: count,
    heapShare: fraction,
  }),
  upstreams: fc.uniqueArray(upstream, { selector: ({ name }) => name }),
  cache: fc.record({
    entries: count,
    bytes: count,
    maxBytes: count,
    evictions: count,
    requests: counts('hit', 'miss'),
    secondTier: fc.option(counts('hit', 'miss'), { nil: null }),
  }),
}) as unknown as fc.Arbitrary<GatewaySnapshot>

const some = fc.array(snapshot, { minLength: 1, maxLength: 5 })

/** The same whatever the order of lists and keys; means are rounded, since they are worked out step by step. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(normal)
    return typeof value[0] === 'object'
      ? items.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
      : items
  }
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, one]) => [key, key === 'latencyMs' ? Math.round(one * 1e6) / 1e6 : normal(one)]),
  )
}

function nameOf(item: unknown): string {
  return (item as { name: string }).name
}

/** Every number at a path, over all servers of all upstreams of a snapshot. */
function total(one: GatewaySnapshot, read: (server: ServerSnapshot) => number): number {
  return one.upstreams.flatMap(({ servers }) => servers).reduce((sum, server) => sum + read(server), 0)
}

test('one worker alone is told as it is', () => {
  fc.assert(fc.property(snapshot, (one) => assert.deepEqual(mergeSnapshots([one]), one)))
})

test('workers may be asked in any order', () => {
  fc.assert(
    fc.property(some, (list) =>
      assert.deepEqual(normal(mergeSnapshots(list)), normal(mergeSnapshots(list.toReversed()))),
    ),
  )
})

test('workers may be grouped in any way', () => {
  fc.assert(
    fc.property(some, some, (ones, others) =>
      assert.deepEqual(
        normal(mergeSnapshots([mergeSnapshots(ones), mergeSnapshots(others)])),
        normal(mergeSnapshots([...ones, ...others])),
      ),
    ),
  )
})

test('nothing that is counted is lost or told twice', () => {
  const sums: ((one: GatewaySnapshot) => number)[] = [
    ({ workers }) => workers,
    ({ requests }) => requests.byStatus['5xx'],
    ({ cache }) => cache.requests.hit,
    ({ upstreams }) =>
      upstreams.reduce((sum, { queueDepth, shed }) => sum + queueDepth + (shed.queue_full ?? 0), 0),
    (one) => total(one, ({ inFlight }) => inFlight),
    (one) => total(one, ({ outcomes }) => outcomes.success),
    (one) => total(one, ({ connections }) => connections.ages.reduce((sum, age) => sum + age, 0)),
    (one) => total(one, ({ states }) => Object.values(states).reduce((sum, number) => sum + number, 0)),
  ]
  fc.assert(
    fc.property(some, (list) => {
      for (const read of sums) {
        assert.equal(
          read(mergeSnapshots(list)),
          list.reduce((sum, one) => sum + read(one), 0),
        )
      }
    }),
  )
})

test('the worst of what workers see is what is told', () => {
  fc.assert(
    fc.property(some, (list) => {
      const merged = mergeSnapshots(list)
      assert.equal(
        merged.draining,
        list.some(({ draining }) => draining),
      )
      for (const { name, servers } of merged.upstreams) {
        for (const { name: server, state, slowStart, latencyMs } of servers) {
          const seen = list
            .flatMap(({ upstreams }) => upstreams.filter((one) => one.name === name))
            .flatMap((one) => one.servers.filter((two) => two.name === server))
          const ranks = seen.map((one) => serverStates.indexOf(one.state))
          assert.equal(serverStates.indexOf(state), Math.max(...ranks))
          assert.equal(slowStart, Math.min(...seen.map((one) => one.slowStart)))
          const latencies = seen.map((one) => one.latencyMs)
          assert.ok(latencyMs >= Math.min(...latencies) - 1e-9 && latencyMs <= Math.max(...latencies) + 1e-9)
        }
      }
    }),
  )
})
