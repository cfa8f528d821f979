import type { Medians } from './algorithm.ts'
import type { EjectionReason, Server } from './server.ts'

const failuresInARow = 5
const leastSuccess = 0.5
const soundSuccess = 0.9
const greatestShareOut = 0.3
const firstMs = 2_000
const longestMs = 30_000
const clearAfterMs = 60_000

/**
 * Why a server is to be left out for a time, if it is: because its answers fail while those of others do not.
 *
 * Where the others fail too, the fault lies elsewhere (a bad request, a database), and to leave servers out would
 * only load the rest.
 */
export function ejectionReason(server: Server, medians: Medians): EjectionReason | undefined {
  if (medians.successRate <= soundSuccess) return undefined
  if (server.failuresInARow >= failuresInARow) return 'consecutive_failures'
  if (server.successRate < leastSuccess * medians.successRate) return 'success_rate'
  return undefined
}

/** Whether one more may be left out of so many. One of two or three may: there, 30 % would be none. */
export function mayEject(out: number, active: number): boolean {
  return out + 1 <= Math.max(1, Math.floor(greatestShareOut * active)) && active > 1
}

/** Leaves a server out, each time in succession for twice as long: 2 s to 30 s. Returns for how long. */
export function eject(server: Server, reason: EjectionReason, now: number): number {
  // The last time out has been lived down.
  if (now - server.readmittedAt > clearAfterMs) server.ejectionStreak = 0
  const forMs = Math.min(firstMs * 2 ** server.ejectionStreak, longestMs)
  server.ejectionStreak++
  server.ejections = { ...server.ejections, [reason]: server.ejections[reason] + 1 }
  server.ejectionReason = reason
  server.ejectedUntil = now + forMs
  return forMs
}

/** Lets a server back in, on trial: what it had done is forgotten, but one more failure puts it out again. */
export function readmit(server: Server, medians: Medians, now: number): void {
  server.ejectedUntil = 0
  server.ejectionReason = undefined
  server.readmittedAt = now
  server.joinedAt = now
  server.successRate = medians.successRate
  server.failuresInARow = failuresInARow - 1
  server.latency = medians.latency
  server.heardAt = now
}
