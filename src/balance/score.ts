import type { Server } from './server.ts'

const smoothingMs = 3_000
const staleAfterMs = 10_000
const staleHalfLifeMs = 30_000

/** Whether scores that were last confirmed so long ago are no longer taken as they are. */
export function areStale(ageMs: number): boolean {
  return ageMs > staleAfterMs
}

/** What a score counts for after it has not been confirmed for `ageMs`: it goes to the median, by halves. */
export function agedScore(score: number, medianScore: number, ageMs: number): number {
  if (score === 0 || !areStale(ageMs)) return score
  return medianScore + (score - medianScore) * 0.5 ** ((ageMs - staleAfterMs) / staleHalfLifeMs)
}

/**
 * The next weight on the way to a score, so that scores that jump with every list do not swing the traffic.
 * From and to 0 there is no way: 0 drains at once, and the first score of a server holds.
 */
export function smoothedWeight(weight: number, score: number, elapsedMs: number): number {
  if (score === 0 || weight === 0) return score
  return weight + (score - weight) * (1 - Math.exp(-elapsedMs / smoothingMs))
}

/** The middle score of those above 0; 1 without any. */
export function medianScore(servers: readonly Server[]): number {
  const scores = Float64Array.from(servers, (server) => server.score)
    .filter((score) => score > 0)
    .sort()
  return scores.length === 0 ? 1 : scores[scores.length >> 1]!
}
