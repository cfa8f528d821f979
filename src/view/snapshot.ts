import { type Static, type TSchema, Type } from 'typebox'
import type { EjectionReason, Outcome } from '../balance/server.ts'
import type { CacheResult } from '../cache/cache-status.ts'
import type { CloseReason } from '../connections/lifespan.ts'
import type { DiscoveryState } from '../discovery/roster.ts'

/*
 * A gateway at one moment: plain JSON, which can be sent between processes, and which the admin API answers with. One
 * of several workers has the same form as that of all together (`mergeSnapshots`). Counters count since the start of
 * the process.
 */

/** How a server stands, from the best to the worst. */
export const serverStates = [
  'ready',
  'slow-start',
  'resting',
  'unhealthy',
  'ejected',
  'sundown',
  'drained',
  'removed',
] as const

export type ServerState = (typeof serverStates)[number]

/** From the best to the worst. */
export const discoveryStates = [
  'static',
  'fresh',
  'stale',
  'lost',
  'waiting',
] as const satisfies DiscoveryState[]

/** Classes in {@link ConnectionsSnapshot.ages}. */
export const ageClasses = 12

function integer(description: string) {
  return Type.Integer({ minimum: 0, description })
}

function number(description: string) {
  return Type.Number({ description })
}

function flag(description: string) {
  return Type.Boolean({ description })
}

/** Numbers by names that are not all known beforehand. */
function counts<Key extends string>(description: string) {
  return Type.Unsafe<Record<Key, number>>(
    Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description }),
  )
}

function orNull<Schema extends TSchema>(schema: Schema, description: string) {
  return Type.Union([schema, Type.Null()], { description })
}

const connections = Type.Object({
  active: integer('Connections that carry a request or a tunnel.'),
  idle: integer('Connections that wait for a request.'),
  retiring: integer('Connections that take no further request.'),
  dialing: integer('Connections that are being set up.'),
  tunnels: integer('Tunnels, which are among the active.'),
  opened: integer('Connections that were ever set up.'),
  closed: counts<CloseReason>('Connections that have ended, by why.'),
  ages: Type.Array(Type.Integer({ minimum: 0 }), {
    description:
      'Open connections by age: each class is a tenth of the age at which connections are replaced (of an hour where there is no limit), and the twelfth is everything above. Jitter reaches into the last two.',
  }),
})

export const serverSnapshot = Type.Object({
  name: Type.String({ description: '`host:port`, unique in its upstream.' }),
  state: Type.Enum([...serverStates], {
    description:
      'Of several workers the worst. `resting` has weight 0; `sundown` was told to drain by its source, `drained` by hand; `removed` is off the list and ends with its last request.',
  }),
  states: Type.Unsafe<Partial<Record<ServerState, number>>>(
    Type.Record(Type.String(), Type.Integer(), { description: 'How many workers see it in which state.' }),
  ),
  drainedByHand: flag('Whether it was drained by hand, in whatever state it is.'),
  score: number('As discovery gave it last.'),
  weight: number('The score as it is used: smoothed, and decayed where it is old.'),
  share: number(
    'What the choice goes by: to be compared with that of the other servers. Of several workers the sum.',
  ),
  slowStart: number('How far its slow start has come, 0.1 to 1.'),
  ejections: counts<EjectionReason>('Times that it was left out, by why.'),
  ejectionReason: orNull(
    Type.Unsafe<EjectionReason>(Type.String()),
    'Why it is left out; null where it is not.',
  ),
  ejectedForMs: integer('How much longer it is left out; 0 = it is not.'),
  inFlight: integer('Requests and tunnels that hold a slot.'),
  slots: integer('Requests that it is given at one time.'),
  outcomes: counts<Outcome>('Attempts, by how they ended.'),
  latencyMs: number(
    'Time to the head of a response, a moving average; of several workers weighted by their successes. 0 = none yet.',
  ),
  successRate: number('Share of requests that succeed, a moving average; of several workers the worst.'),
  connections,
})

export const upstreamSnapshot = Type.Object({
  name: Type.String(),
  algorithm: Type.String({ description: 'How a server is chosen.' }),
  discovery: Type.Object({
    state: Type.Enum([...discoveryStates], { description: 'Of several workers the worst.' }),
    ageSeconds: orNull(
      Type.Number(),
      'Since the last list; null where there is none. Of several workers the greatest.',
    ),
    connected: flag('Whether the source can be reached.'),
  }),
  queueDepth: integer('Requests that wait for a slot.'),
  shed: counts('Requests that were refused, by why.'),
  retries: Type.Object({ succeeded: integer(''), failed: integer(''), refused: integer('') }),
  panic: flag('So few servers are sound that soundness is ignored.'),
  maxAgeSeconds: number('The age at which connections are replaced; 0 = no limit.'),
  servers: Type.Array(serverSnapshot),
})

export const cacheSnapshot = Type.Object({
  entries: integer('Stored responses.'),
  bytes: integer('Bytes that they take.'),
  maxBytes: integer('Bytes that they may take.'),
  evictions: integer('Responses that had to make room.'),
  requests: counts<CacheResult>('Requests, by how the cache took part.'),
  secondTier: orNull(
    counts('Look-ups in the second tier, by their outcome.'),
    'Null where there is no second tier.',
  ),
})

export const gatewaySnapshot = Type.Object({
  version: Type.String(),
  takenAt: number('Milliseconds since 1970.'),
  uptimeSeconds: number('Of several workers the greatest.'),
  draining: flag('Whether the gateway is on its way out.'),
  workers: integer('Processes that serve.'),
  logLevel: Type.String(),
  requests: Type.Object({
    inFlight: integer('Requests between their head and the end of their response, tunnels among them.'),
    tunnels: integer(''),
    byStatus: counts<StatusClass>('Requests that are over, by the class of their status.'),
    shed: counts('Refused because the gateway itself was full, by why.'),
  }),
  process: Type.Object({
    eventLoopDelayMs: number('How late timers fire; of several workers the worst.'),
    rssBytes: integer('Memory.'),
    heapUsedBytes: integer(''),
    heapShare: number('The heap in use as a share of what it may grow to; of several workers the worst.'),
  }),
  upstreams: Type.Array(upstreamSnapshot),
  cache: cacheSnapshot,
})

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'
export type GatewaySnapshot = Static<typeof gatewaySnapshot>
export type RequestsSnapshot = GatewaySnapshot['requests']
export type ProcessSnapshot = GatewaySnapshot['process']
export type UpstreamSnapshot = Static<typeof upstreamSnapshot>
export type DiscoverySnapshot = UpstreamSnapshot['discovery']
export type ServerSnapshot = Static<typeof serverSnapshot>
export type ConnectionsSnapshot = ServerSnapshot['connections']
export type CacheSnapshot = Static<typeof cacheSnapshot>
