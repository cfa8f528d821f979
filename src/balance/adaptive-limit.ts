import type { Server } from './server.ts'

const tolerance = 1.5
const leastGradient = 0.5
const adjustment = 0.2
const riseMs = 300_000
const fallMs = 2_000

/** The limit that a server begins with. */
export const firstLimit = 20
export const leastLimit = 2
export const greatestLimit = 1_000

/**
 * The limit of a server, learnt from its latency, in the manner of TCP Vegas and of Netflix's gradient limit.
 *
 * While latency stays within twice the server's latency without load, the limit grows by its square root, a queue that
 * the server can bear; where latency rises above that, the limit falls in proportion. It grows only while it is in
 * use. The latency without load is the low-water mark of the latency, which rises very slowly, so that a server that
 * has become slower for good gets its new measure in time.
 */
export function learnLimit(server: Server, elapsedMs: number): number {
  const { latency, limit } = server
  const peak = server.peakInFlight
  server.peakInFlight = server.inFlight
  if (latency === 0) return limit
  server.baseLatency = lowWater(server.baseLatency, latency, elapsedMs)
  const gradient = Math.min(Math.max((tolerance * server.baseLatency) / latency, leastGradient), 1)
  const next = limit * gradient + Math.sqrt(limit)
  if (next > limit && peak < limit / 2) return limit
  return Math.min(Math.max(limit + (next - limit) * adjustment, leastLimit), greatestLimit)
}

function lowWater(base: number, latency: number, elapsedMs: number): number {
  if (base === 0) return latency
  const span = latency < base ? fallMs : riseMs
  return base + (latency - base) * (1 - Math.exp(-elapsedMs / span))
}
