import { imbalance } from '../statistics.ts'

/** What machines have served in one short interval, and the connections that they were given in it. */
export interface Interval {
  /** Its end, ms since the machines joined. */
  atMs: number
  requests: readonly number[]
  connections: readonly number[]
}

/** Load is even where the busiest machine carries at most this many times the mean. */
const evenLimit = 1.15

/** Adds up, machine by machine, what lies in (fromMs, toMs]. */
export function served(intervals: readonly Interval[], fromMs: number, toMs: number): number[] {
  const total: number[] = []
  for (const { atMs, requests } of intervals) {
    if (atMs <= fromMs || atMs > toMs) continue
    for (const [index, count] of requests.entries()) total[index] = (total[index] ?? 0) + count
  }
  return total
}

/**
 * From when on load is even, ms: the start of the first window from which on every window is even. NaN where it is
 * not even at the end.
 */
export function timeToEven(intervals: readonly Interval[], windowMs: number): number {
  let since = Number.NaN
  for (const { atMs } of intervals) {
    if (atMs < windowMs) continue
    const isEven = imbalance(served(intervals, atMs - windowMs, atMs)) <= evenLimit
    if (!isEven) since = Number.NaN
    else if (Number.isNaN(since)) since = atMs - windowMs
  }
  return since
}

/** The most connections that were opened in one interval. */
export function largestBurst(intervals: readonly Interval[]): number {
  return Math.max(...intervals.map(({ connections }) => connections.reduce((sum, count) => sum + count, 0)))
}
