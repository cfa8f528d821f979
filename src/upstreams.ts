import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import { type Affinity, affinityOf } from './affinity.ts'
import { createHttpProbe } from './balance/http-probe.ts'
import type { BalanceEvent } from './balance/options.ts'
import type { ServerSpec } from './balance/server.ts'
import { Upstream } from './balance/upstream.ts'
import type { Config, UpstreamConfig } from './config/schema.ts'
import { defaultMaxStreams } from './connections/http2/http2-options.ts'
import { openPool } from './connections/pools.ts'
import type { ServerPool } from './connections/server-pool.ts'
import type { DiscoveryOptions } from './discovery/discovery.ts'

/** One upstream at work: its settings, its last list, and who hands out the slots of its servers. */
export interface ActiveUpstream {
  readonly config: UpstreamConfig
  readonly balancer: Upstream<ServerPool>
  /** Which server a client goes back to; undefined where it does not matter. */
  readonly affinity: Affinity | undefined
}

/**
 * The upstreams of a gateway. A new configuration replaces those that it changes; every other one keeps its
 * servers, counters and connections, and a replaced one hands its servers on, so that none is ever without.
 */
export class Upstreams {
  readonly #log: FastifyBaseLogger
  readonly #scoreAge: (upstream: string) => number
  readonly #active = new Map<string, ActiveUpstream>()
  readonly #lists = new Map<string, readonly ServerSpec[]>()

  /** @param scoreAge milliseconds since the scores of an upstream were last confirmed */
  constructor(log: FastifyBaseLogger, scoreAge: (upstream: string) => number) {
    this.#log = log
    this.#scoreAge = scoreAge
  }

  get(name: string): ActiveUpstream | undefined {
    return this.#active.get(name)
  }

  [Symbol.iterator](): Iterator<[string, ActiveUpstream]> {
    return this.#active[Symbol.iterator]()
  }

  configure(configs: Config['upstreams']): void {
    for (const [name, config] of Object.entries(configs)) {
      const before = this.#active.get(name)
      if (before !== undefined && isDeepStrictEqual(before.config, config)) continue
      this.#active.set(name, this.#open(name, config))
      before?.balancer.close()
    }
    for (const [name, { balancer }] of this.#active) {
      if (name in configs) continue
      this.#active.delete(name)
      this.#lists.delete(name)
      balancer.close()
    }
  }

  /** Takes a list from discovery. */
  apply(name: string, specs: readonly ServerSpec[]): void {
    this.#lists.set(name, specs)
    this.#active.get(name)?.balancer.apply(specs)
  }

  close(): void {
    for (const { balancer } of this.#active.values()) balancer.close()
  }

  #open(name: string, config: UpstreamConfig): ActiveUpstream {
    const { connections, timeouts, limits } = config
    const tls = readTls(config.tls)
    const options = { ...connections, connectTimeout: timeouts.connect, tls }
    const balancer = new Upstream<ServerPool>({
      name,
      balance: config.balance,
      limits: { ...limits, maxInFlight: slotsPerServer(config) },
      retries: config.retries,
      health: config.health,
      openPool: (spec) => openPool(spec, options),
      closePool: (pool, reason) => void pool.retire(reason),
      restorePool: (pool) => pool.restore(),
      probe: createHttpProbe({
        path: config.health.active?.path,
        tls: { ...tls, rejectUnauthorized: tls.verify ?? true },
      }),
      scoreAge: () => this.#scoreAge(name),
      onEvent: (event) => this.#tell(event),
    })
    const specs = this.#lists.get(name)
    if (specs !== undefined) balancer.apply(specs)
    return { config, balancer, affinity: affinityOf(config.balance) }
  }

  #tell({ type, ...event }: BalanceEvent): void {
    const isBad = type === 'ejected' || type === 'unhealthy' || type === 'panic'
    this.#log[isBad ? 'warn' : 'info']({ event: type, ...event }, 'a server changed its state')
  }
}

/** A slot without a connection, or without a stream on one, would only wait in another place. */
function slotsPerServer({ limits, connections }: UpstreamConfig): number | 'adaptive' {
  if (limits.maxInFlight === 'adaptive') return 'adaptive'
  return Math.min(limits.maxInFlight, connections.max * (connections.http2 ? defaultMaxStreams : 1))
}

function readTls({ ca, cert, key, ...rest }: UpstreamConfig['tls']): RecyclingTls {
  return {
    ...rest,
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  }
}

type RecyclingTls = NonNullable<NonNullable<Parameters<typeof openPool>[1]>['tls']>

/** Where the servers of each upstream come from. */
export function sourcesOf(upstreams: Config['upstreams']): Record<string, DiscoveryOptions> {
  return Object.fromEntries(
    Object.entries(upstreams).map(([name, { discovery, servers = [] }]) => [
      name,
      discovery ?? { kind: 'static', servers },
    ]),
  )
}
