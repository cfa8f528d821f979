import type { Server } from './server.ts'

const tolerance = 1.35
const leastGradient = 0.5
const adjustment = 0.2
const fallMs = 1_000
const dip = 0.5
const dipFrom = 10
const dipTo = 15
const settledFrom = 20
const cycle = 300
const knownFrom = 20

/** The limit that a server begins with. */
export const firstLimit = 20
const leastLimit = 2
const greatestLimit = 1_000

/**
 * The limit of a server, learnt from its latency, after Netflix's gradient limit and Envoy's; to be called about ten
 * times a second.
 *
 * While latency stays within 1.35 times that without load, the limit grows by its square root (a quarter at most), a
 * queue that the server can bear; where latency rises above that, it falls in proportion. It grows only while it is
 * in use. The latency without load is the low-water mark of the latency. So that a server whose requests take
 * longer for good gets a new mark, the limit dips by half for half a second in thirty: what latency remains then is not
 * for load, and the mark goes halfway there.
 */
export function learnLimit(server: Server, elapsedMs: number): number {
  const peak = server.peakInFlight
  server.peakInFlight = server.inFlight
  if (server.latencies < knownFrom) return server.limit
  const round = server.limitRound++ % cycle
  learnBase(server, round, elapsedMs)
  if (round >= dipFrom && round < dipTo) return Math.max(Math.floor(server.learntLimit * dip), leastLimit)
  // What the dip did to latency and peak says nothing about the limit.
  if (round < dipFrom || round >= settledFrom) server.learntLimit = nextLimit(server, peak)
  return server.learntLimit
}

function learnBase(server: Server, round: number, elapsedMs: number): void {
  const above = server.baseLatency === 0 ? Number.POSITIVE_INFINITY : server.latency - server.baseLatency
  if (server.baseLatency === 0) server.baseLatency = server.latency
  else if (above < 0) server.baseLatency += above * (1 - Math.exp(-elapsedMs / fallMs))
  else if (round === dipTo) server.baseLatency += above / 2
}

function nextLimit({ baseLatency, latency, learntLimit: limit }: Server, peak: number): number {
  const gradient = Math.min(Math.max((tolerance * baseLatency) / latency, leastGradient), 1)
  const next = limit * gradient + Math.min(Math.sqrt(limit), limit / 4)
  if (next > limit && peak < limit / 2) return limit
  return Math.min(Math.max(limit + (next - limit) * adjustment, leastLimit), greatestLimit)
}
