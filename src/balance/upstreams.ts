import { isDeepStrictEqual } from 'node:util'
import type { PoolOptions } from '../connections/pools.ts'
import type { ServerPool } from '../connections/server-pool.ts'
import { HandDrains } from './hand-drains.ts'
import type { UpstreamOptions } from './options.ts'
import type { ServerSpec } from './server.ts'
import { Upstream } from './upstream.ts'

type Settings = Pick<
  UpstreamOptions<ServerPool>,
  'balance' | 'limits' | 'retries' | 'health' | 'clock' | 'random'
>

export interface BalanceUpstream extends Settings {
  /** The servers to begin with; `apply(name, servers)` replaces them. @default [] */
  servers?: readonly ServerSpec[]
  /** Connections to each server, and TLS. */
  connections?: PoolOptions
}

type SettingsOf = (name: string, options: BalanceUpstream) => UpstreamOptions<ServerPool>

interface Active {
  options: BalanceUpstream
  settings: UpstreamOptions<ServerPool>
  upstream: Upstream<ServerPool>
}

/** Who hands out slots on servers, by upstream: what `reply.forward()` takes as `reserver`. */
export class Upstreams {
  readonly #settingsOf: SettingsOf
  readonly #active = new Map<string, Active>()
  readonly #lists = new Map<string, readonly ServerSpec[]>()
  readonly #handDrains = new Map<string, HandDrains>()
  /** Gone, while requests or tunnels still run on them. */
  readonly #ending = new Set<Upstream<ServerPool>>()

  /** @param settingsOf what an upstream works with, by its name and options */
  constructor(settingsOf: SettingsOf) {
    this.#settingsOf = settingsOf
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
  configure(upstreams: Readonly<Record<string, BalanceUpstream>>): void {
    const commits = Object.entries(upstreams)
      .filter(([name, options]) => !isDeepStrictEqual(this.#active.get(name)?.options, options))
      .map(([name, options]) => this.#prepare(name, options))
    for (const commit of commits) commit()
    for (const [name, { upstream }] of this.#active) {
      if (Object.hasOwn(upstreams, name)) continue
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
}
