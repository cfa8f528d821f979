import type { Medians } from './algorithm.ts'
import { isFailure, type Outcome, type Server } from './server.ts'

const fewLatencies = 20
const successWeight = 0.05
const leastLatencyMs = 0.1
const sampleSize = 256
const idleMs = 1_000
const idleFadeMs = 5_000

/** Takes into a server's record how a request ended. */
export function learnOutcome(
  server: Server,
  outcome: Outcome,
  latencyMs: number | undefined,
  now: number,
): void {
  if (outcome === 'unused') return
  server.heardAt = now
  if (outcome === 'success') {
    server.successRate += (1 - server.successRate) * successWeight
    server.failuresInARow = 0
  } else if (isFailure(outcome)) {
    server.successRate -= server.successRate * successWeight
    server.failuresInARow++
  }
  if (latencyMs === undefined) return
  // The black hole: a failure says how long an answer takes at least, and must never make a server look fast.
  if (outcome !== 'success' && latencyMs <= server.latency) return
  // The first ones count alike: otherwise the very first would be felt for a long time.
  const weight = server.latencies < fewLatencies ? 1 / ++server.latencies : 1 / fewLatencies
  const least = Math.max(latencyMs, leastLatencyMs)
  server.latency = server.latency === 0 ? least : server.latency * (least / server.latency) ** weight
}

/** What was learnt fades while a server gets no requests, so that it gets some again. */
export function forgetIdle(server: Server, medians: Medians, now: number, elapsedMs: number): void {
  if (now - server.heardAt < idleMs) return
  const faded = 1 - Math.exp(-elapsedMs / idleFadeMs)
  if (server.latency > medians.latency) server.latency += (medians.latency - server.latency) * faded
  server.successRate += (1 - server.successRate) * faded
}

/** The middle latency and success rate; of many servers, those of some hundreds drawn at random. */
export function mediansOf(servers: readonly Server[], random: () => number): Medians {
  const size = Math.min(servers.length, sampleSize)
  const isSample = servers.length > sampleSize
  const latencies = new Float64Array(size)
  const rates = new Float64Array(size)
  let known = 0
  for (let index = 0; index < size; index++) {
    const server = servers[isSample ? Math.floor(random() * servers.length) : index]!
    rates[index] = server.successRate
    if (server.latency > 0) latencies[known++] = server.latency
  }
  return { latency: middle(latencies.subarray(0, known)), successRate: size === 0 ? 1 : middle(rates) }
}

function middle(values: Float64Array): number {
  if (values.length === 0) return 0
  values.sort()
  return values[values.length >> 1]!
}
