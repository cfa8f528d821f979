import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { resolveConfig } from './config/resolve.ts'
import type { Config, ConfigInput } from './config/schema.ts'
import { applyLimits } from './edge/edge-server.ts'
import type { Cut, Lifecycle } from './lifecycle.ts'
import type { LiveSettings } from './settings.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'

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
}

interface Parts {
  app: FastifyInstance
  settings: LiveSettings
  lifecycle: Lifecycle
  log: FastifyBaseLogger
  folder: string
}

export function control({ app, settings, lifecycle, log, folder }: Parts): GatewayControl {
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
    return { needsRestart }
  }

  return {
    get config() {
      return settings.config
    },
    reload,
    drain: () => lifecycle.drain(settings.config.server.shutdownGrace),
  }
}
