import { type CloseReason, closeReasons } from './lifespan.ts'

/** Upper bounds, in seconds, of the classes in {@link PoolStats.agesAtClose}; the last class has no bound. */
export const ageBounds: readonly number[] = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600]

/** Upper bounds of the classes in {@link PoolStats.requestsAtClose}; the last class has no bound. */
export const requestBounds: readonly number[] = [0, 1, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000]

/** What a pool has and has had: plain numbers, read whenever somebody wants them. */
export class PoolStats {
  /** Connections that carry a request or a tunnel. */
  active = 0
  /** Connections that wait for a request. */
  idle = 0
  /** Connections that take no further request: their last one runs, or the socket is closing. */
  retiring = 0
  /** Connections that are being set up. */
  dialing = 0
  /** Requests that wait for a connection. */
  pending = 0
  /** Tunnels, which are among the active. */
  tunnels = 0
  /** Connections that were ever set up. */
  opened = 0
  /** Of those over TLS, how many resumed a session. */
  resumed = 0
  /** Connections that could not be set up. */
  failedDials = 0
  readonly closed = Object.fromEntries(closeReasons.map((reason) => [reason, 0])) as Record<
    CloseReason,
    number
  >
  /** Closed connections by age: one count for each of {@link ageBounds} and one more above the last. */
  readonly agesAtClose: number[] = new Array(ageBounds.length + 1).fill(0)
  /** Sum of the ages at close, in seconds. */
  ageSum = 0
  /** Closed connections by the number of requests: one count for each of {@link requestBounds} and one more. */
  readonly requestsAtClose: number[] = new Array(requestBounds.length + 1).fill(0)
  /** Sum of the requests that closed connections have carried. */
  requestSum = 0

  /** Connections that exist or are being set up; never above the pool's `max`. */
  get total(): number {
    return this.active + this.idle + this.retiring + this.dialing
  }

  countClose(reason: CloseReason, ageMs: number, requests: number): void {
    const age = ageMs / 1000
    this.closed[reason]++
    this.agesAtClose[classOf(age, ageBounds)]!++
    this.ageSum += age
    this.requestsAtClose[classOf(requests, requestBounds)]!++
    this.requestSum += requests
  }
}

/** Of a server to which no connection was ever opened. */
export const noConnections: Readonly<PoolStats> = Object.freeze(new PoolStats())

function classOf(value: number, bounds: readonly number[]): number {
  const index = bounds.findIndex((bound) => value <= bound)
  return index === -1 ? bounds.length : index
}

/** The counts of two pools as those of one. */
export function sumOf(a: PoolStats, b: PoolStats): PoolStats {
  const sum = new PoolStats()
  for (const stats of [a, b]) {
    sum.active += stats.active
    sum.idle += stats.idle
    sum.retiring += stats.retiring
    sum.dialing += stats.dialing
    sum.pending += stats.pending
    sum.tunnels += stats.tunnels
    sum.opened += stats.opened
    sum.resumed += stats.resumed
    sum.failedDials += stats.failedDials
    sum.ageSum += stats.ageSum
    sum.requestSum += stats.requestSum
    for (const [reason, count] of Object.entries(stats.closed)) {
      sum.closed[reason as keyof PoolStats['closed']] += count
    }
    for (const [index, count] of stats.agesAtClose.entries()) sum.agesAtClose[index]! += count
    for (const [index, count] of stats.requestsAtClose.entries()) sum.requestsAtClose[index]! += count
  }
  return sum
}
