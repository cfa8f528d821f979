import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { BalanceEvent } from './balance/options.ts'
import type { Clock, Timer } from './clock.ts'
import { systemClock } from './clock.ts'
import type { DiscoveryState } from './discovery/roster.ts'
import { gatewayHealth } from './gateway-health.ts'
import { type SnapshotParts, takeSnapshot } from './gateway-snapshot.ts'
import type { EventFeed, EventListener } from './view/event-feed.ts'
import type { Action, ActionResult, Fleet } from './view/fleet.ts'
import type { GatewaySnapshot } from './view/snapshot.ts'

/** Milliseconds between two looks at the states of discovery, which change with time alone. */
const lookMs = 1_000

interface Parts extends Omit<SnapshotParts, 'logLevel' | 'startedAt'> {
  log: FastifyBaseLogger
  /** Whose metrics are told. */
  app: FastifyInstance
  events: EventFeed
  clock?: Clock
}

/** The gateway of this process, as the admin port sees and steers it. */
export class LocalFleet implements Fleet {
  readonly #parts: Parts
  readonly #snapshotParts: SnapshotParts
  readonly #clock: Clock
  readonly #states = new Map<string, DiscoveryState>()
  #timer: Timer | undefined

  constructor(parts: Parts) {
    const { log } = parts
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
    this.#snapshotParts = { ...parts, logLevel: () => log.level, startedAt: this.#clock.now() }
  }

  async snapshot(): Promise<GatewaySnapshot> {
    return takeSnapshot(this.#snapshotParts)
  }

  metrics(): Promise<string> {
    return this.#parts.app.metrics.registry.metrics()
  }

  async perform(action: Action): Promise<ActionResult> {
    switch (action.kind) {
      case 'drain-server':
      case 'undrain-server':
        return this.#setDrained(action)
      case 'purge':
        return this.#purge(action)
      case 'inspect-entry': {
        const variants = this.#parts.cache().purger.inspect(action.url)
        return { affected: variants.length, variants }
      }
      case 'set-log-level':
        return this.#setLogLevel(action)
    }
  }

  onEvent(listener: EventListener): () => void {
    const end = this.#parts.events.listen(listener)
    if (this.#timer === undefined) this.#watchDiscovery()
    return end
  }

  /** To be called when the gateway closes. */
  close(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #setDrained({ kind, upstream, server }: Extract<Action, { server: string }>): ActionResult {
    const isDrained = kind === 'drain-server'
    if (!this.#parts.upstreams.setDrained(upstream, server, isDrained)) return { affected: 0 }
    this.#parts.log.warn({ upstream, server }, `a server was ${isDrained ? 'drained' : 'undrained'} by hand`)
    this.#parts.events.emit({ kind: isDrained ? 'server_drained' : 'server_undrained', upstream, server })
    return { affected: 1 }
  }

  async #purge({ by, value }: Extract<Action, { kind: 'purge' }>): Promise<ActionResult> {
    const { purger } = this.#parts.cache()
    const purges = {
      url: () => purger.purge(value),
      prefix: () => purger.purgePrefix(value),
      tag: () => purger.purgeTag(value),
    }
    const affected = await purges[by]()
    this.#parts.log.info({ by, value, purged: affected }, 'the cache was purged by hand')
    this.#parts.events.emit({ kind: 'cache_purged', detail: `${by} ${value}` })
    return { affected }
  }

  #setLogLevel({ level }: Extract<Action, { kind: 'set-log-level' }>): ActionResult {
    this.#parts.log.level = level
    this.#parts.events.emit({ kind: 'log_level_set', detail: level })
    return { affected: 1 }
  }

  /** Goes on while anybody listens. */
  #watchDiscovery(): void {
    const { upstreams, discovery, events } = this.#parts
    this.#timer = undefined
    if (!events.isHeard) return
    const health = gatewayHealth(upstreams, discovery)
    for (const [upstream, { discovery: state }] of Object.entries(health)) {
      const last = this.#states.get(upstream)
      this.#states.set(upstream, state)
      if (last !== undefined && last !== state)
        events.emit({ kind: 'discovery_state', upstream, detail: state })
    }
    this.#timer = this.#clock.setTimeout(() => this.#watchDiscovery(), lookMs)
  }
}

/** What happens to the servers of an upstream, as events of the gateway. */
export function tellServers(events: EventFeed): (event: BalanceEvent) => void {
  return ({ type, upstream, server, reason, forMs }) => {
    const kind = type === 'panic' || type === 'calm' ? type : (`server_${type}` as const)
    const detail = [reason, forMs !== undefined && `for ${Math.round(forMs / 1000)} s`]
      .filter((part) => typeof part === 'string')
      .join(', ')
    events.emit({ kind, upstream, ...(server !== undefined && { server }), ...(detail && { detail }) })
  }
}
