import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import type { ServerSpec } from '../src/balance/server.ts'
import { Discovery, type DiscoveryDependencies, type DiscoveryOptions } from '../src/discovery/discovery.ts'
import type { DiscoveryEvent } from '../src/discovery/events.ts'
import type { RosterView } from '../src/discovery/handed.ts'

export interface DiscoveryPluginOptions extends DiscoveryDependencies {
  /** Where the servers of each upstream come from, by the upstream's name. */
  upstreams: Readonly<Record<string, DiscoveryOptions>>
  /** The whole list of an upstream, each time that it changes: unique names, frozen. */
  onServers(upstream: string, servers: readonly ServerSpec[]): void
}

declare module 'fastify' {
  interface FastifyInstance {
    discovery: Sources
  }
}

export interface SourceView {
  readonly roster: RosterView
}

/** The sources of servers, by upstream: their states, ages and counts of messages. */
export interface Sources extends Iterable<[upstream: string, source: SourceView]> {
  get(upstream: string): SourceView | undefined
  /** Opens what is new, closes what is gone or has changed, and leaves the rest alone. */
  configure(upstreams: DiscoveryPluginOptions['upstreams']): Promise<void>
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
    const sources = new Map<string, { options: DiscoveryOptions; source: Discovery }>()

    function open(upstream: string, options: DiscoveryOptions): void {
      const listener = {
        onServers: (servers: readonly ServerSpec[]) => onServers(upstream, servers),
        onEvent(event: DiscoveryEvent) {
          const [level, message] = lines[event.kind]
          app.log[level]({ upstream, ...event }, message)
        },
      }
      const source = new Discovery(options, listener, dependencies)
      sources.set(upstream, { options, source })
      source.start()
    }

    async function configure(next: DiscoveryPluginOptions['upstreams']): Promise<void> {
      const ended: Promise<void>[] = []
      for (const [upstream, { options, source }] of sources) {
        if (isDeepStrictEqual(options, next[upstream])) continue
        sources.delete(upstream)
        ended.push(source.close())
      }
      for (const [upstream, options] of Object.entries(next)) {
        if (!sources.has(upstream)) open(upstream, options)
      }
      await Promise.all(ended)
    }

    app.decorate('discovery', {
      get: (upstream) => sources.get(upstream)?.source,
      configure,
      *[Symbol.iterator]() {
        for (const [upstream, { source }] of sources) yield [upstream, source]
      },
    })
    app.addHook('onClose', async () => {
      await Promise.all([...sources.values()].map(({ source }) => source.close()))
    })
    await configure(upstreams)
  },
  { fastify: '5.x', name: 'headgate-discovery' },
)
