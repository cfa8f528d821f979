import type { AlgorithmName } from '../../src/balance/algorithm.ts'
import type { Reservation } from '../../src/balance/reservation.ts'
import type { ServerSpec } from '../../src/balance/server.ts'
import { Upstream } from '../../src/balance/upstream.ts'
import { Backend } from './backend.ts'
import { exponential, quantile, serviceTimes } from './distributions.ts'
import { type Scenario, serviceMs, warmUpMs } from './scenario.ts'
import { seededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'

const deadlineMs = 1_000

export interface Result {
  requests: number
  /** Milliseconds, of requests that were admitted; one that timed out counts with the deadline. */
  p50: number
  p99: number
  /** Shares of all requests. */
  failed: number
  timedOut: number
  shed: number
  /** All that was not answered well. */
  errors: number
  /** Requests that were answered well, as a share of what the servers can do. */
  goodput: number
  /** Requests to each server. */
  perServer: number[]
}

/** Runs the real balancer against simulated servers and clients, on a virtual clock. */
export async function simulate(scenario: Scenario, algorithm: AlgorithmName, seed = 1): Promise<Result> {
  const { slots = Array.from({ length: 10 }, () => 8), gateways = 1, variation = 1, limits = {} } = scenario
  const { weights = slots, changes = [], measuredMs = 25_000, load, listed = slots.length } = scenario
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const service = serviceTimes(variation, seededRandom(seed + 1))
  const backends = slots.map(
    (count) => new Backend({ slots: count, serviceMs, failing: 0 }, clock, random, service),
  )
  const specs = weights.map((weight, index) => specOf(index, weight))
  const isListed = specs.map((_, index) => index < listed)
  const upstreams = Array.from({ length: gateways }, (_, index) => {
    const choice = seededRandom(seed + 2 + index)
    return new Upstream<Backend>({
      name: 'simulated',
      balance: { algorithm },
      limits,
      openPool: (spec) => backends[Number(spec.name)]!,
      clock,
      random: choice,
    })
  })
  const announce = () => {
    const current = specs.filter((_, index) => isListed[index])
    for (const upstream of upstreams) upstream.apply(current)
  }
  announce()
  for (const change of changes) {
    clock.setTimeout(() => {
      if (change.behaviour !== undefined) {
        const backend = backends[change.server]!
        backend.behaviour = { ...backend.behaviour, ...change.behaviour }
      }
      if (change.weight !== undefined) specs[change.server] = specOf(change.server, change.weight)
      if (change.listed !== undefined) isListed[change.server] = change.listed
      if (change.listed !== undefined || change.weight !== undefined) announce()
    }, change.atMs)
  }

  const end = warmUpMs + measuredMs
  const capacityPerMs = slots.reduce((sum, count) => sum + count, 0) / serviceMs
  const latencies: number[] = []
  const perServer = slots.map(() => 0)
  const counts = { requests: 0, good: 0, failed: 0, timedOut: 0, shed: 0 }
  let undecided = 0

  const send = (reservation: Reservation<Backend>, arrivedAt: number, counts_: typeof counts | undefined) => {
    const sentAt = clock.now()
    if (counts_ !== undefined) perServer[Number(reservation.server.name)]!++
    const abort = reservation.server.pool.send((isError) => {
      clock.clearTimeout(timer)
      reservation.release(isError ? 'server_error' : 'success', clock.now() - sentAt)
      if (counts_ === undefined) return
      if (isError) counts_.failed++
      else {
        counts_.good++
        latencies.push(clock.now() - arrivedAt)
      }
    })
    const timer = clock.setTimeout(
      () => {
        abort()
        reservation.release('timeout', clock.now() - sentAt)
        if (counts_ === undefined) return
        counts_.timedOut++
        latencies.push(deadlineMs)
      },
      arrivedAt + deadlineMs - sentAt,
    )
  }

  const arrive = () => {
    const now = clock.now()
    const upstream = upstreams[gateways === 1 ? 0 : Math.floor(random() * gateways)]!
    const counted = now >= warmUpMs ? counts : undefined
    if (counted !== undefined) counted.requests++
    const refuse = () => {
      if (counted !== undefined) counted.shed++
    }
    try {
      const reservation = upstream.tryReserve({})
      if (reservation !== undefined) send(reservation, now, counted)
      else {
        undecided++
        upstream.wait({}, neverAborted).then(
          (granted) => {
            undecided--
            send(granted, now, counted)
          },
          () => {
            undecided--
            refuse()
          },
        )
      }
    } catch {
      refuse()
    }
    const rate = (typeof load === 'number' ? load : load(now)) * capacityPerMs
    const next = exponential(random) / rate
    if (now + next < end) clock.setTimeout(arrive, next)
  }
  clock.setTimeout(arrive, 0)

  while (clock.step(end + deadlineMs * 2)) {
    // Grants and refusals are promises: they must be heard before time goes on.
    if (undecided > 0) await undefined
  }
  for (const upstream of upstreams) upstream.close()
  return summarize(counts, latencies, perServer, capacityPerMs * measuredMs)
}

function summarize(
  counts: { requests: number; good: number; failed: number; timedOut: number; shed: number },
  latencies: number[],
  perServer: number[],
  capacity: number,
): Result {
  const sorted = Float64Array.from(latencies).sort()
  const { requests, good, failed, timedOut, shed } = counts
  return {
    requests,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    failed: failed / requests,
    timedOut: timedOut / requests,
    shed: shed / requests,
    errors: (requests - good) / requests,
    goodput: good / capacity,
    perServer,
  }
}

const neverAborted = new AbortController().signal

function specOf(index: number, weight: number): ServerSpec {
  return { name: String(index), protocol: 'http:', host: 'simulated', port: 80, weight, draining: false }
}
