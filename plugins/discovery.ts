import fp from 'fastify-plugin'
import type { ServerSpec } from '../src/balance/server.ts'
import { Discovery, type DiscoveryDependencies, type DiscoveryOptions } from '../src/discovery/discovery.ts'
import type { DiscoveryEvent } from '../src/discovery/events.ts'

export interface DiscoveryPluginOptions extends DiscoveryDependencies {
  /** Where the servers of each upstream come from, by the upstream's name. */
  upstreams: Readonly<Record<string, DiscoveryOptions>>
  /** The whole list of an upstream, each time that it changes: unique names, frozen. */
  onServers(upstream: string, servers: readonly ServerSpec[]): void
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The sources of servers, by upstream: their states, ages and counts of messages. */
    discovery: ReadonlyMap<string, Discovery>
  }
}

type Line = readonly [level: 'info' | 'warn' | 'error', message: string]

const lines: Readonly<Record<DiscoveryEvent['kind'], Line>> = {
  connected: ['info', 'discovery is connected'],
  disconnected: ['warn', 'discovery lost its source; the last list stands'],
  list_ignored: ['warn', 'discovery ignored a list'],
  items_skipped: ['warn', 'discovery skipped items of a list'],
  list_held: ['warn', 'discovery holds a list back until it has stood'],
  servers_changed: ['info', 'discovery changed the servers'],
  query_failed: ['warn', 'discovery got no answer to its query; the last list stands'],
  name_unresolved: ['warn', 'discovery could not resolve the name of a server'],
  file_unreadable: ['warn', 'discovery could not read its file; the last list stands'],
  restored: ['info', 'discovery restored the saved list'],
  restore_failed: ['warn', 'discovery could not use the saved list'],
  save_failed: ['warn', 'discovery could not save the list'],
  listener_failed: ['error', 'discovery could not hand its list on'],
}

/**
 * Starts discovery at once, not when the application is ready: servers should be known before the first request, and
 * waiting for an agent must not hold up `listen`.
 */
export default fp<DiscoveryPluginOptions>(
  async (app, { upstreams, onServers, ...dependencies }) => {
    const sources = new Map<string, Discovery>()
    for (const [upstream, options] of Object.entries(upstreams)) {
      const listener = {
        onServers: (servers: readonly ServerSpec[]) => onServers(upstream, servers),
        onEvent(event: DiscoveryEvent) {
          const [level, message] = lines[event.kind]
          app.log[level]({ upstream, ...event }, message)
        },
      }
      sources.set(upstream, new Discovery(options, listener, dependencies))
    }
    app.decorate('discovery', sources)
    app.addHook('onClose', async () => {
      await Promise.all([...sources.values()].map((source) => source.close()))
    })
    for (const source of sources.values()) source.start()
  },
  { fastify: '5.x', name: 'headgate-discovery' },
)
