import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { Interval } from '../../../src/cli/top/figures.ts'
import { topScreen } from '../../../src/cli/top/screen.ts'
import type { GatewaySnapshot, ServerSnapshot } from '../../../src/view/snapshot.ts'

function server(name: string, success: number, more: Partial<ServerSnapshot> = {}): ServerSnapshot {
  return {
    name,
    state: 'ready',
    states: { ready: 1 },
    drainedByHand: false,
    score: 50,
    weight: 50,
    share: 50,
    slowStart: 1,
    ejections: { consecutive_failures: 0, success_rate: 0 },
    ejectionReason: null,
    ejectedForMs: 0,
    inFlight: 3,
    slots: 128,
    outcomes: {
      success,
      server_error: 0,
      connect_failed: 0,
      timeout: 0,
      connection_lost: 0,
      bad_response: 0,
      aborted: 0,
      unused: 0,
    },
    latencyMs: 12.34,
    successRate: 1,
    connections: {
      active: 3,
      idle: 5,
      retiring: 0,
      dialing: 0,
      tunnels: 0,
      opened: 8,
      closed: {} as never,
      ages: [8, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
    ...more,
  }
}

function snapshot(takenAt: number, answered: number, servers: ServerSnapshot[]): GatewaySnapshot {
  return {
    version: '1.2.3',
    takenAt,
    uptimeSeconds: 75,
    draining: false,
    workers: 2,
    logLevel: 'info',
    requests: {
      inFlight: 4,
      tunnels: 0,
      byStatus: { '1xx': 0, '2xx': answered, '3xx': 0, '4xx': 0, '5xx': 0 },
      shed: { event_loop: 0, memory: 0 },
    },
    process: { eventLoopDelayMs: 0.2, rssBytes: 200 * 2 ** 20, heapUsedBytes: 1, heapShare: 0.1 },
    upstreams: [
      {
        name: 'app',
        algorithm: 'adaptive',
        discovery: { state: 'fresh', ageSeconds: 1.2, connected: true },
        queueDepth: 7,
        shed: { queue_full: 0 },
        retries: { succeeded: 0, failed: 0, refused: 0 },
        panic: false,
        maxAgeSeconds: 300,
        servers,
      },
    ],
    cache: {
      entries: 1,
      bytes: 2048,
      maxBytes: 4096,
      evictions: 0,
      requests: { hit: answered, miss: 0, stale: 0, revalidated: 0, bypass: 0, collapsed: 0 },
      secondTier: null,
    },
  }
}

const wide = { columns: 160, rows: Number.POSITIVE_INFINITY, hasColors: false }
const busy = new Interval(
  snapshot(1_000, 100, [server('a:1', 10), server('b:1', 10)]),
  snapshot(3_000, 300, [server('a:1', 40), server('b:1', 20, { state: 'ejected', ejectedForMs: 1_500 })]),
)

test('it shows what has gone on between two snapshots', () => {
  const [title, summary, , upstream, head, one, two] = topScreen(busy, [], wide)
  assert.equal(title, 'headgate 1.2.3 · up 1 min 15 s · 2 workers')
  assert.equal(
    summary,
    '100 requests/s · 4 in flight · 0 % errors · 0 shed/s · cache 100 % of 2 kB · loop 0.2 ms · 200 MB',
  )
  assert.equal(upstream, 'app  fresh, 1 s · adaptive · queue 7 · shed 0/s')
  assert.match(
    head as string,
    /^ {2}SERVER +STATE +WEIGHT +TRAFFIC +IN FLIGHT +LATENCY +SUCCESS +CONNS +AGES$/,
  )
  assert.match(one as string, /^ {2}a:1 +ready +50 +75 % +█{9} +3\/128 +12\.3 ms +100 % +8 +█▄▁$/)
  assert.match(two as string, /^ {2}b:1 +ejected 2 s +50 +25 % +█{3} /)
})

test('a gateway that has begun anew, or does nothing, has no rates below 0 and no shares', () => {
  const anew = topScreen(new Interval(busy.now, snapshot(4_000, 0, [server('a:1', 0)])), [], wide)
  assert.match(anew[1] as string, /^0 requests\/s · 4 in flight · - errors/)
  assert.match(anew[5] as string, / {2}- +3\/128/)
})

test('in a narrow window columns go, in a low one lines, and colors take no room', () => {
  for (const columns of [40, 60, 80, 100, 120]) {
    const table = topScreen(busy, [], { ...wide, columns }).slice(4)
    assert.ok(
      table.every((line) => line.length <= Math.max(columns, 50)),
      table.join('\n'),
    )
    assert.match(table[1] as string, /a:1 +ready .*75 %.*3\/128/)
  }
  assert.equal(topScreen(busy, [], { ...wide, rows: 5 }).length, 5)
  const painted = topScreen(busy, [], { ...wide, hasColors: true })
  assert.notDeepEqual(painted, topScreen(busy, [], wide))
  assert.deepEqual(
    painted.map((line) => stripVTControlCharacters(line).trimEnd()),
    topScreen(busy, [], wide),
  )
})

test('the last events stand below', () => {
  const event = { id: 1, at: 0, count: 1, kind: 'server_joined', upstream: 'app', server: 'a:1' } as const
  const died = { id: 2, at: 0, count: 1, kind: 'worker_died', worker: 3, detail: 'SIGKILL' } as const
  const lines = topScreen(busy, [event, died], wide)
  assert.match(lines.at(-2) as string, /^\d\d:\d\d:\d\d {2}server joined app a:1$/)
  assert.match(lines.at(-1) as string, /worker died 3 SIGKILL$/)
})
