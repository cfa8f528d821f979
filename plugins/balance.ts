import fp from 'fastify-plugin'
import { createHttpProbe } from '../src/balance/http-probe.ts'
import type { BalanceEvent, UpstreamOptions } from '../src/balance/options.ts'
import type { ServerSpec } from '../src/balance/server.ts'
import { Upstream } from '../src/balance/upstream.ts'
import { openPool, type PoolOptions } from '../src/connections/pools.ts'
import type { ServerPool } from '../src/connections/server-pool.ts'

type Settings = Pick<
  UpstreamOptions<ServerPool>,
  'balance' | 'limits' | 'retries' | 'health' | 'scoreAge' | 'clock' | 'random'
>

export interface BalanceUpstream extends Settings {
  /** The servers to begin with; `app.upstreams.get(name).apply(servers)` replaces them. @default [] */
  servers?: readonly ServerSpec[]
  /** Connections to each server, and TLS. */
  connections?: PoolOptions
}

export interface BalancePluginOptions {
  /** The upstreams by name. */
  upstreams: Readonly<Record<string, BalanceUpstream>>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Who hands out slots on servers, by upstream: what `reply.forward()` takes as `reserver`. */
    upstreams: ReadonlyMap<string, Upstream<ServerPool>>
  }
}

const warnings: ReadonlySet<BalanceEvent['type']> = new Set(['ejected', 'unhealthy', 'panic'])

/** Upstreams of servers to choose from, each with its queue and its limits, and connections that are recycled. */
export default fp<BalancePluginOptions>(
  async (app, options) => {
    const upstreams = new Map<string, Upstream<ServerPool>>()

    function tellEvent({ type, ...event }: BalanceEvent): void {
      app.log[warnings.has(type) ? 'warn' : 'info']({ event: type, ...event }, 'a server changed its state')
    }

    for (const [name, { servers = [], connections = {}, ...settings }] of Object.entries(options.upstreams)) {
      const tls = connections.tls
      const upstream = new Upstream<ServerPool>({
        ...settings,
        name,
        openPool: (spec) => openPool(spec, connections),
        closePool: (pool, reason) => pool.retire(reason),
        restorePool: (pool) => pool.restore(),
        probe: createHttpProbe({
          path: settings.health?.active?.path,
          tls: { ...tls, rejectUnauthorized: tls?.verify ?? true },
        }),
        onEvent: tellEvent,
      })
      upstream.apply(servers)
      upstreams.set(name, upstream)
    }

    app.decorate('upstreams', upstreams)
    app.addHook('onClose', async () => {
      for (const upstream of upstreams.values()) upstream.close()
    })
  },
  { fastify: '5.x', name: 'headgate-balance' },
)
