import type { EjectionReason, Outcome } from '../balance/server.ts'
import type { CacheResult } from '../cache/cache-status.ts'
import type { CloseReason } from '../connections/lifespan.ts'
import type { DiscoveryState } from '../discovery/roster.ts'

/**
 * A gateway at one moment: plain JSON, which can be sent between processes. One of several workers has the same form
 * as that of all together (`mergeSnapshots`). Counters count since the start of the process.
 */
export interface GatewaySnapshot {
  version: string
  /** Milliseconds since 1970. */
  takenAt: number
  uptimeSeconds: number
  /** Whether the gateway is on its way out. */
  draining: boolean
  /** Processes that serve. */
  workers: number
  logLevel: string
  requests: RequestsSnapshot
  process: ProcessSnapshot
  upstreams: UpstreamSnapshot[]
  cache: CacheSnapshot
}

export interface RequestsSnapshot {
  /** Between their head and the end of their response, tunnels among them. */
  inFlight: number
  tunnels: number
  /** Requests that are over, by the class of their status. */
  byStatus: Record<StatusClass, number>
  /** Refused because the gateway itself was full, by why. */
  shed: Record<string, number>
}

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

export interface ProcessSnapshot {
  /** How late timers fire, as a mean over the last quarter of a second; of several workers the worst. */
  eventLoopDelayMs: number
  rssBytes: number
  heapUsedBytes: number
  /** The heap in use as a share of what it may grow to; of several workers the worst. */
  heapShare: number
}

export interface UpstreamSnapshot {
  name: string
  algorithm: string
  discovery: DiscoverySnapshot
  /** Requests that wait for a slot. */
  queueDepth: number
  /** Requests that were refused, by why. */
  shed: Record<string, number>
  retries: { succeeded: number; failed: number; refused: number }
  /** So few servers are sound that soundness is ignored. */
  panic: boolean
  /** The age at which connections are replaced, seconds; 0 = no limit. */
  maxAgeSeconds: number
  servers: ServerSnapshot[]
}

export interface DiscoverySnapshot {
  /** Of several workers the worst. */
  state: DiscoveryState
  /** Since the last list; null where there is none. Of several workers the greatest. */
  ageSeconds: number | null
  connected: boolean
}

/**
 * How a server stands, from the best to the worst. `resting` has weight 0; `sundown` was told to drain by its source,
 * `drained` by hand; `removed` is off the list and ends with its last request.
 */
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

export interface ServerSnapshot {
  /** `host:port`, unique in its upstream. */
  name: string
  /** Of several workers the worst. */
  state: ServerState
  /** How many workers see it in which state. */
  states: Partial<Record<ServerState, number>>
  /** Whether it was drained by hand, in whatever state it is. */
  drainedByHand: boolean
  /** As discovery gave it last. */
  score: number
  /** The score as it is used: smoothed, and decayed where it is old. */
  weight: number
  /** What the choice goes by: to be compared with that of the other servers. Of several workers the sum. */
  share: number
  /** 0.1 to 1: how far its slow start has come. */
  slowStart: number
  ejections: Record<EjectionReason, number>
  ejectionReason: EjectionReason | null
  /** How much longer it is ejected; 0 = it is not. */
  ejectedForMs: number
  inFlight: number
  /** Requests that it is given at one time. */
  slots: number
  outcomes: Record<Outcome, number>
  /** Time to the head of a response, a moving average; of several workers weighted by their successes. 0 = none yet. */
  latencyMs: number
  /** The share of requests that succeeded, a moving average; of several workers the worst. */
  successRate: number
  connections: ConnectionsSnapshot
}

/** Classes in {@link ConnectionsSnapshot.ages}. */
export const ageClasses = 12

export interface ConnectionsSnapshot {
  active: number
  idle: number
  retiring: number
  dialing: number
  /** Among the active. */
  tunnels: number
  opened: number
  closed: Record<CloseReason, number>
  /**
   * Open connections by age: each class is a tenth of the age at which connections are replaced (of an hour where
   * there is no limit), and the last one is everything above. Jitter reaches into the last two.
   */
  ages: number[]
}

export interface CacheSnapshot {
  entries: number
  bytes: number
  maxBytes: number
  evictions: number
  /** Requests by how the cache took part. */
  requests: Record<CacheResult, number>
  /** Look-ups in the second tier by their outcome; null where there is none. */
  secondTier: Record<string, number> | null
}
