import { seededRandom } from '../../bench/simulation/seeded-random.ts'
import type { BalanceEvent, UpstreamOptions } from '../../src/balance/options.ts'
import type { ReserveContext } from '../../src/balance/reservation.ts'
import type { PoolSource, Server, ServerSpec } from '../../src/balance/server.ts'
import { Upstream } from '../../src/balance/upstream.ts'
import { FakeClock } from './fake-clock.ts'

/** A stand-in for connections, which knows whether it was retired. */
export interface FakePool {
  name: string
  closed: string | undefined
}

/** For servers to which nobody connects. */
export const noPools: PoolSource<undefined> = { openPoolOf: () => undefined }

export function serverSpec(name: string, weight = 1, others: Partial<ServerSpec> = {}): ServerSpec {
  return { name, protocol: 'http:', host: name, port: 80, weight, draining: false, ...others }
}

/** Servers s0, s1 ... with these weights. */
export function serverSpecs(weights: readonly number[]): ServerSpec[] {
  return weights.map((weight, index) => serverSpec(`s${index}`, weight))
}

/** An upstream on a clock that stands still, with servers s0, s1 ... of these weights, and what it told. */
export function upstreamOf(
  options: Partial<UpstreamOptions<FakePool>> & { weights?: readonly number[] } = {},
) {
  const clock = new FakeClock()
  const events: BalanceEvent[] = []
  const pools: FakePool[] = []
  const upstream = new Upstream<FakePool>({
    name: 'app',
    clock,
    random: seededRandom(1),
    openPool: ({ name }) => {
      const pool: FakePool = { name, closed: undefined }
      pools.push(pool)
      return pool
    },
    opensAhead: true,
    closePool: (pool, reason) => {
      pool.closed = reason
    },
    onEvent: (event) => events.push(event),
    ...options,
  })
  const apply = (weights: readonly number[]) => upstream.apply(serverSpecs(weights))
  apply(options.weights ?? [1, 1, 1])
  const server = (name: string): Server<FakePool> => {
    for (const candidate of upstream.servers) if (candidate.name === name) return candidate
    throw new Error(`There is no server ${name}`)
  }
  return { upstream, clock, events, pools, apply, server }
}

/** How many of so many requests, one after the other, s0, s1 ... get. */
export function shares(
  upstream: Upstream<FakePool>,
  requests: number,
  context: (index: number) => ReserveContext = () => ({}),
): number[] {
  const counts: number[] = [...upstream.servers].map(() => 0)
  for (let index = 0; index < requests; index++) {
    const reservation = upstream.tryReserve(context(index))!
    counts[Number(reservation.server.name.slice(1))]!++
    reservation.release('success')
  }
  return counts
}
