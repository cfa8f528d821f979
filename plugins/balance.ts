import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { createHttpProbe } from '../src/balance/http-probe.ts'
import type { BalanceEvent, UpstreamOptions } from '../src/balance/options.ts'
import { type BalanceUpstream, Upstreams } from '../src/balance/upstreams.ts'
import { withContext } from '../src/connections/dialer.ts'
import { createHttp2Probe } from '../src/connections/http2/http2-probe.ts'
import type { ConnectionEvent } from '../src/connections/pool-options.ts'
import { openPool } from '../src/connections/pools.ts'
import type { ServerPool } from '../src/connections/server-pool.ts'

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

/** Upstreams of servers to choose from, each with its queue and its limits, and connections that are recycled. */
export default fp<BalancePluginOptions>(
  async (app, { upstreams: configured, ...options }) => {
    const upstreams = new Upstreams((name, upstream) => settingsOf(name, upstream, options, app.log))
    upstreams.configure(configured)
    app.decorate('upstreams', upstreams)
    app.addHook('onClose', async () => upstreams.close())
  },
  { fastify: '5.x', name: 'headgate-balance' },
)

/** What an upstream works with: pools of connections, probes, and a log. */
function settingsOf(
  name: string,
  { servers: _, connections = {}, ...settings }: BalanceUpstream,
  { scoreAge = () => 0, onEvent }: Omit<BalancePluginOptions, 'upstreams'>,
  log: FastifyBaseLogger,
): UpstreamOptions<ServerPool> {
  const { tls, minIdle = 0 } = connections
  // A certificate that is none is told here, not when the first request comes.
  const pooled = tls === undefined ? connections : { ...connections, tls: withContext(tls) }
  const path = settings.health?.active?.path
  return {
    ...settings,
    name,
    openPool: (spec, former) =>
      openPool(spec, {
        ...pooled,
        former,
        onEvent: (event) => logConnection(log, { upstream: name, server: spec.name }, event),
      }),
    opensAhead: minIdle > 0,
    closePool: (pool, reason) => pool.retire(reason),
    restorePool: (pool) => pool.restore(),
    probe: connections.http2
      ? createHttp2Probe({ path, tls: pooled.tls })
      : createHttpProbe({ path, tls: { ...pooled.tls, rejectUnauthorized: tls?.verify ?? true } }),
    scoreAge: () => scoreAge(name),
    onEvent(event) {
      onEvent?.(event)
      logServer(log, event)
    },
  }
}

const warnings: ReadonlySet<BalanceEvent['type']> = new Set(['ejected', 'unhealthy', 'panic'])

function logServer(log: FastifyBaseLogger, { type, ...event }: BalanceEvent): void {
  log[warnings.has(type) ? 'warn' : 'info']({ event: type, ...event }, 'a server changed its state')
}

function logConnection(
  log: FastifyBaseLogger,
  where: { upstream: string; server: string },
  { type, id, ...event }: ConnectionEvent,
): void {
  log.debug(
    { event: `connection_${type}`, ...where, connection: id, ...event },
    'a connection to a server began or ended',
  )
}
