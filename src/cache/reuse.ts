import type { RequestDirectives } from './directives.ts'
import type { Entry } from './entry.ts'

/** Whether a stored response may be used as it is: yes, yes with a revalidation beside it, or not before validation. */
export type Reuse = 'fresh' | 'max-stale' | 'stale-while-revalidate' | 'stale' | 'request'

/** RFC 9111, section 4: what the origin and the client allow, at this moment of the monotonic clock. */
export function reuse(entry: Entry, demands: RequestDirectives, now: number): Reuse {
  const remaining = entry.remaining(now)
  if (demands.noCache) return 'request'
  if (entry.noCache) return 'stale'
  const { maxAge, minFresh, maxStale } = demands
  // A fresh immutable response has not changed, however new the client wants it (RFC 8246).
  const isSettled = maxAge !== undefined && entry.policy.immutable && remaining > 0
  if (maxAge !== undefined && !isSettled && (maxAge === 0 || entry.age(now) > maxAge * 1000)) return 'request'
  if (minFresh !== undefined && remaining < minFresh * 1000) return 'request'
  if (remaining > 0) return 'fresh'
  const { policy } = entry
  if (policy.mustRevalidate) return 'stale'
  if (maxStale !== undefined && -remaining <= maxStale * 1000) return 'max-stale'
  const isDemanding = maxAge !== undefined || minFresh !== undefined
  if (!isDemanding && -remaining < policy.staleWhileRevalidate) return 'stale-while-revalidate'
  return 'stale'
}

/**
 * Whether a stored response may stand in for a server that failed (RFC 9111, section 4.2.4; RFC 5861, section 4).
 * `defaultBound` holds where neither origin nor client gave one; milliseconds.
 */
export function mayReplaceFailure(
  entry: Entry,
  demands: RequestDirectives,
  now: number,
  defaultBound: number,
): boolean {
  const { policy } = entry
  if (policy.noCache || policy.mustRevalidate || demands.noCache || demands.noStore) return false
  const asked = demands.staleIfError === undefined ? undefined : demands.staleIfError * 1000
  const given = policy.staleIfError
  const bound = asked === undefined && given === undefined ? defaultBound : Math.max(asked ?? 0, given ?? 0)
  return -entry.remaining(now) <= bound
}
