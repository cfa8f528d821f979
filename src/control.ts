import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { resolveConfig } from './config/resolve.ts'
import type { Config, ConfigInput } from './config/schema.ts'
import { stopAccepting } from './edge/edge-server.ts'
import type { Front } from './front.ts'
import type { Cut, Lifecycle } from './lifecycle.ts'
import { type ConfigReport, ReloadRecord } from './reload-record.ts'
import type { LiveSettings } from './settings.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'
import type { EventFeed } from './view/event-feed.ts'
import type { Fleet } from './view/fleet.ts'

/** Another configuration, or what reads it. */
export type ConfigSource = ConfigInput | Config | (() => Promise<ConfigInput | Config>)

/** What a gateway can do beyond any other Fastify application. */
export interface GatewayControl {
  /** The configuration that is in force. */
  readonly config: Config
  /** When it came into force, and how the last reload ended. */
  readonly configReport: ConfigReport
  /**
   * Applies another configuration without dropping a request, and names what only a restart can change. One that
   * cannot be read, or has faults, changes nothing; `configReport` remembers it. One reload waits for another.
   *
   * @throws ConfigError with every fault
   */
  reload(source: ConfigSource): Promise<{ needsRestart: string[] }>
  /**
   * Waits for what is in flight, `server.drainPause` and then within `server.shutdownGrace`, while the gateway still
   * serves and tells clients that it is going. Says how much was left. `close()` does this first, and then cuts what
   * is left.
   */
  drain(): Promise<Cut>
  /**
   * The same where another process takes over: no further connection is accepted, and clients have the time to learn
   * from an answer that theirs is about to close.
   */
  retire(): Promise<Cut>
  /** The gateway as the admin port sees and steers it. */
  readonly fleet: Fleet
  /** What happens in it, told to whoever listens to the fleet. */
  readonly events: EventFeed
}

/** A connection that has carried nothing for so long is not likely to carry something just as it is closed, ms. */
const retireQuietMs = 2_000

interface Parts {
  app: FastifyInstance
  front: Front
  settings: LiveSettings
  lifecycle: Lifecycle
  log: FastifyBaseLogger
  folder: string
  fleet: Fleet
  events: EventFeed
}

export function control(parts: Parts): GatewayControl {
  const { app, front, settings, lifecycle, log, folder, fleet, events } = parts
  const record = new ReloadRecord(Date.now)
  let reloading: Promise<unknown> = Promise.resolve()

  async function apply(source: ConfigSource): Promise<{ needsRestart: string[] }> {
    try {
      const next = resolveConfig(typeof source === 'function' ? await source() : source, { folder })
      const needsRestart = await replaceBy(next)
      record.applied(needsRestart)
      return { needsRestart }
    } catch (error) {
      record.refused(error)
      events.emit({ kind: 'config_refused', detail: (error as Error).message })
      throw error
    }
  }

  async function replaceBy(next: Config): Promise<string[]> {
    const applyToFront = front.prepare(next.server)
    // Together, so that no request comes between routes and the upstreams that they name.
    app.upstreams.configure(balancedUpstreams(next.upstreams))
    const needsRestart = settings.replace(next)
    await app.httpCache.configure(next.cache)
    applyToFront()
    log.level = next.logging.level
    await app.discovery.configure(sourcesOf(next.upstreams))
    events.emit({
      kind: 'config_reloaded',
      ...(needsRestart.length > 0 && { detail: `needs a restart: ${needsRestart.join(', ')}` }),
    })
    return needsRestart
  }

  function tellDraining(): void {
    if (!lifecycle.isDraining) events.emit({ kind: 'draining' })
  }

  return {
    get config() {
      return settings.config
    },
    get configReport() {
      return record.report
    },
    reload(source) {
      const reloaded = reloading.then(() => apply(source))
      reloading = reloaded.catch(() => {})
      return reloaded
    },
    drain() {
      tellDraining()
      const { shutdownGrace, drainPause } = settings.config.server
      return lifecycle.drain({
        graceMs: shutdownGrace,
        pauseMs: drainPause,
        stopListening: () => app.server.close(),
      })
    },
    retire() {
      tellDraining()
      stopAccepting(app.server)
      return lifecycle.drain({ graceMs: settings.config.server.shutdownGrace, quietMs: retireQuietMs })
    },
    fleet,
    events,
  }
}
