import type { Clock } from '../clock.ts'
import type { AlgorithmName } from './algorithm.ts'
import type { ServerSpec } from './server.ts'

export interface BalanceOptions {
  /** How a server is chosen. @default 'adaptive' */
  algorithm?: AlgorithmName
  /** Milliseconds until a server that is new or has returned gets its full share; 0 = at once. @default 10000 */
  slowStart?: number
}

export interface LimitOptions {
  /** Requests per server at one time; `adaptive` learns the number from latency. @default 128 */
  maxInFlight?: number | 'adaptive'
  /** Requests that may wait for a slot; 0 = none. @default 400 */
  queue?: number
  /** Milliseconds after which a request that waits is refused; half as much while the queue stands. @default 100 */
  queueTimeout?: number
}

export interface RetryOptions {
  /** Retries as a share of all requests, at least ten a second; 1 = no limit. @default 0.2 */
  budget?: number
}

export interface ActiveHealthOptions {
  /** @default '/healthz' */
  path?: string
  /** Milliseconds between two checks of one server; each draws its own within 10 %. @default 5000 */
  interval?: number
  /** Milliseconds after which a check without an answer has failed. @default 2000 */
  timeout?: number
  /** Checks in a row that must pass before a server returns. @default 2 */
  healthyAfter?: number
  /** Checks in a row that must fail before a server is left out. @default 3 */
  unhealthyAfter?: number
}

export interface HealthOptions {
  /** Leave servers out that fail requests. @default true */
  ejection?: boolean
  /** Ask each server, on a connection of its own. Absent = never. */
  active?: ActiveHealthOptions | undefined
}

/** What happens to the servers of an upstream; each is worth a line in a log. */
export interface BalanceEvent {
  type:
    | 'joined'
    | 'returned'
    | 'draining'
    | 'removed'
    | 'ejected'
    | 'readmitted'
    | 'unhealthy'
    | 'healthy'
    | 'panic'
    | 'calm'
  upstream: string
  /** `host:port`; absent where an event concerns the upstream as a whole. */
  server?: string
  reason?: string
  /** For how long, in milliseconds. */
  forMs?: number
}

export interface UpstreamOptions<Pool> {
  /** The label in metrics and logs. */
  name: string
  balance?: BalanceOptions
  limits?: LimitOptions
  retries?: RetryOptions
  health?: HealthOptions
  /** Opens the connections to a server; `former` is the pool whose place they take, while it may still be in use. */
  openPool: (spec: ServerSpec, former?: Pool) => Pool
  /** Open the connections to every server as it joins, not when a request first needs them. @default false */
  opensAhead?: boolean
  /** The pool takes no more requests; those that run on it finish. */
  closePool?: (pool: Pool, reason: 'server_removed' | 'shutdown') => void
  /**
   * Takes `closePool` back, for a server that returns while requests of its still run. Absent = it gets a new pool,
   * and what runs on the old one ends there.
   */
  restorePool?: (pool: Pool) => void
  /** Asks a server whether it is well; needed with `health.active`. It must give up when the signal says so. */
  probe?: (spec: ServerSpec, signal: AbortSignal) => Promise<boolean>
  /** Milliseconds since the scores were last confirmed by their source. @default () => 0 */
  scoreAge?: () => number
  clock?: Clock
  /** Uniform in [0, 1). @default Math.random */
  random?: () => number
  onEvent?: (event: BalanceEvent) => void
}
