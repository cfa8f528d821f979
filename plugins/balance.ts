import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { HandDrains } from '../src/balance/hand-drains.ts'
import { createHttpProbe } from '../src/balance/http-probe.ts'
import type { BalanceEvent, UpstreamOptions } from '../src/balance/options.ts'
import type { ServerSpec } from '../src/balance/server.ts'
import { Upstream } from '../src/balance/upstream.ts'
import { createHttp2Probe } from '../src/connections/http2/http2-probe.ts'
import type { ConnectionEvent } from '../src/connections/pool-options.ts'
import { openPool, type PoolOptions } from '../src/connections/pools.ts'
import type { ServerPool } from '../src/connections/server-pool.ts'

type Settings = Pick<
  UpstreamOptions<ServerPool>,
  'balance' | 'limits' | 'retries' | 'health' | 'clock' | 'random'
>

export interface BalanceUpstream extends Settings {
  /** The servers to begin with; `app.upstreams.apply(name, servers)` replaces them. @default [] */
  servers?: readonly ServerSpec[]
  /** Connections to each server, and TLS. */
  connections?: PoolOptions
}

export interface BalancePluginOptions {
  /** The upstreams by name. */
  upstreams: Readonly<Record<string, BalanceUpstream>>
  /** Milliseconds since the scores of an upstream were last confirmed by their source. @default () => 0 */
  scoreAge?: (upstream: string) => number
  /** Told of what happens to servers, beside the log. */
  onEvent?: (event: BalanceEvent) => void
}

declare module 'fastify' {
  interface FastifyInstance {
    upstreams: Upstreams
  }
}

interface Active {
  options: BalanceUpstream
  settings: UpstreamOptions<ServerPool>
  upstream: Upstream<ServerPool>
}

const warnings: ReadonlySet<BalanceEvent['type']> = new Set(['ejected', 'unhealthy', 'panic'])

/** Who hands out slots on servers, by upstream: what `reply.forward()` takes as `reserver`. */
export class Upstreams {
  readonly #log: FastifyBaseLogger
  readonly #scoreAge: (upstream: string) => number
  readonly #active = new Map<string, Active>()
  readonly #onEvent: (event: BalanceEvent) => void
  readonly #lists = new Map<string, readonly ServerSpec[]>()
  readonly #handDrains = new Map<string, HandDrains>()
  /** Gone, while requests or tunnels still run on them. */
  readonly #ending = new Set<Upstream<ServerPool>>()

  constructor(log: FastifyBaseLogger, options: Pick<BalancePluginOptions, 'scoreAge' | 'onEvent'>) {
    this.#log = log
    this.#scoreAge = options.scoreAge ?? (() => 0)
    this.#onEvent = options.onEvent ?? (() => {})
  }

  get(name: string): Upstream<ServerPool> | undefined {
    return this.#active.get(name)?.upstream
  }

  *[Symbol.iterator](): Generator<[name: string, upstream: Upstream<ServerPool>]> {
    for (const [name, { upstream }] of this.#active) yield [name, upstream]
  }

  /** The same, and those that are gone while something still runs on them. */
  *withEnding(): Generator<[name: string, upstream: Upstream<ServerPool>]> {
    yield* this
    for (const upstream of this.#ending) {
      if (upstream.inFlight === 0) this.#ending.delete(upstream)
      else yield [upstream.name, upstream]
    }
  }

  /** Replaces the servers of an upstream. */
  apply(name: string, servers: readonly ServerSpec[]): void {
    this.#lists.set(name, servers)
    this.get(name)?.apply(this.#overridden(name, servers))
  }

  /**
   * Gives a server no new requests, whatever its source says of it, or takes that back. It outlives lists and
   * other settings of the upstream. Returns false where there is no such server.
   */
  setDrained(name: string, server: string, isDrained: boolean): boolean {
    const list = this.#lists.get(name) ?? this.#active.get(name)?.options.servers
    const drains = this.#handDrains.get(name) ?? new HandDrains()
    const isListed = list?.some((spec) => spec.name === server) === true
    if (!isListed && !drains.has(server)) return false
    this.#handDrains.set(name, drains)
    if (drains.set(server, isDrained) && list !== undefined) this.apply(name, list)
    return true
  }

  isDrainedByHand(name: string, server: string): boolean {
    return this.#handDrains.get(name)?.has(server) === true
  }

  /**
   * Opens what is new, closes what is gone, and gives what has changed its new settings: servers keep their counters
   * and requests, and their connections too unless the settings of those have changed. What cannot be opened, with a
   * certificate that is none say, throws and changes nothing.
   */
  configure(upstreams: BalancePluginOptions['upstreams']): void {
    const commits = Object.entries(upstreams)
      .filter(([name, options]) => !isDeepStrictEqual(this.#active.get(name)?.options, options))
      .map(([name, options]) => this.#prepare(name, options))
    for (const commit of commits) commit()
    for (const [name, { upstream }] of this.#active) {
      if (name in upstreams) continue
      this.#active.delete(name)
      this.#lists.delete(name)
      this.#handDrains.delete(name)
      this.#end(upstream)
    }
  }

  close(): void {
    for (const [, upstream] of this) upstream.close()
  }

  #overridden(name: string, list: readonly ServerSpec[]): readonly ServerSpec[] {
    return this.#handDrains.get(name)?.override(list) ?? list
  }

  /** Does what may fail, and returns what does the rest. */
  #prepare(name: string, options: BalanceUpstream): () => void {
    const active = this.#active.get(name)
    if (active === undefined) {
      const settings = this.#settingsOf(name, options)
      const upstream = new Upstream(settings)
      if (options.servers !== undefined) upstream.apply(this.#overridden(name, options.servers))
      return () => void this.#active.set(name, { options, settings, upstream })
    }
    const { upstream, options: last, settings: lastSettings } = active
    const renewsPools = !isDeepStrictEqual(options.connections, last.connections)
    const keepsProbe = !renewsPools && options.health?.active?.path === last.health?.active?.path
    const settings = this.#settingsOf(name, options)
    if (keepsProbe) settings.probe = lastSettings.probe
    const commit = upstream.prepare(settings, { renewsPools })
    return () => {
      this.#active.set(name, { options, settings, upstream })
      commit()
      const { servers } = options
      if (servers === undefined || isDeepStrictEqual(servers, last.servers)) return
      upstream.apply(this.#overridden(name, servers))
    }
  }

  #end(upstream: Upstream<ServerPool>): void {
    upstream.close()
    this.#ending.add(upstream)
  }

  #settingsOf(name: string, options: BalanceUpstream): UpstreamOptions<ServerPool> {
    const { servers: _, connections = {}, ...settings } = options
    const { tls } = connections
    const path = settings.health?.active?.path
    return {
      ...settings,
      name,
      openPool: (spec, former) =>
        openPool(spec, {
          ...connections,
          former,
          onEvent: (event) => this.#tellConnection({ upstream: name, server: spec.name }, event),
        }),
      closePool: (pool, reason) => pool.retire(reason),
      restorePool: (pool) => pool.restore(),
      probe: connections.http2
        ? createHttp2Probe({ path, tls })
        : createHttpProbe({ path, tls: { ...tls, rejectUnauthorized: tls?.verify ?? true } }),
      scoreAge: () => this.#scoreAge(name),
      onEvent: (event) => this.#tell(event),
    }
  }

  #tell(told: BalanceEvent): void {
    const { type, ...event } = told
    this.#onEvent(told)
    this.#log[warnings.has(type) ? 'warn' : 'info']({ event: type, ...event }, 'a server changed its state')
  }

  #tellConnection(
    where: { upstream: string; server: string },
    { type, id, ...event }: ConnectionEvent,
  ): void {
    this.#log.debug(
      { event: `connection_${type}`, ...where, connection: id, ...event },
      'a connection to a server began or ended',
    )
  }
}

/** Upstreams of servers to choose from, each with its queue and its limits, and connections that are recycled. */
export default fp<BalancePluginOptions>(
  async (app, { upstreams: configured, ...options }) => {
    const upstreams = new Upstreams(app.log, options)
    upstreams.configure(configured)
    app.decorate('upstreams', upstreams)
    app.addHook('onClose', async () => upstreams.close())
  },
  { fastify: '5.x', name: 'headgate-balance' },
)
