import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { resolveConfig } from './config/resolve.ts'
import type { Config, ConfigInput } from './config/schema.ts'
import { applyLimits } from './edge/edge-server.ts'
import type { Cut, Lifecycle } from './lifecycle.ts'
import type { LiveSettings } from './settings.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'
import type { EventFeed } from './view/event-feed.ts'
import type { Fleet } from './view/fleet.ts'

/** What a gateway can do beyond any other Fastify application. */
export interface GatewayControl {
  /** The configuration that is in force. */
  readonly config: Config
  /**
   * Applies another configuration without dropping a request, and names what only a restart can change.
   *
   * @throws ConfigError with every fault; then nothing has changed
   */
  reload(config: ConfigInput | Config): Promise<{ needsRestart: string[] }>
  /**
   * Waits for what is in flight, within `server.shutdownGrace`, while the gateway still serves and tells clients that
   * it is going. Says how much was left. `close()` does this first, and then cuts what is left.
   */
  drain(): Promise<Cut>
  /** The gateway as the admin port sees and steers it. */
  readonly fleet: Fleet
  /** What happens in it, told to whoever listens to the fleet. */
  readonly events: EventFeed
}

interface Parts {
  app: FastifyInstance
  settings: LiveSettings
  lifecycle: Lifecycle
  log: FastifyBaseLogger
  folder: string
  fleet: Fleet
  events: EventFeed
}

export function control({ app, settings, lifecycle, log, folder, fleet, events }: Parts): GatewayControl {
  async function reload(input: ConfigInput | Config): Promise<{ needsRestart: string[] }> {
    const next = resolveConfig(input, { folder })
    const before = settings.config
    // Together, so that no request comes between routes and the upstreams that they name.
    app.upstreams.configure(balancedUpstreams(next.upstreams))
    const needsRestart = settings.replace(next)
    if (!isDeepStrictEqual(before.cache, next.cache)) await app.httpCache.configure(next.cache)
    applyLimits(app.server, next.server)
    log.level = next.logging.level
    await app.discovery.configure(sourcesOf(next.upstreams))
    events.emit({
      kind: 'config_reloaded',
      ...(needsRestart.length > 0 && { detail: `needs a restart: ${needsRestart.join(', ')}` }),
    })
    return { needsRestart }
  }

  return {
    get config() {
      return settings.config
    },
    reload,
    drain() {
      if (!lifecycle.isDraining) events.emit({ kind: 'draining' })
      return lifecycle.drain(settings.config.server.shutdownGrace)
    },
    fleet,
    events,
  }
}
