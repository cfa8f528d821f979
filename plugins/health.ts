import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** How an upstream fares, as `/healthz` shows it. */
export interface UpstreamHealth {
  /** `waiting` has no list yet; `fresh`, `stale` and `lost` say how old the last one is; `static` needs none. */
  discovery: 'waiting' | 'fresh' | 'stale' | 'lost' | 'static'
  /** Seconds since the last list; null where there is none. */
  ageSeconds: number | null
  servers: Readonly<Record<string, number>>
}

export interface HealthOptions {
  version: string
  /** How each upstream fares now, by name. */
  upstreams: () => Readonly<Record<string, UpstreamHealth>>
  /** True once the gateway is on its way out. Default never. */
  isDraining?: () => boolean
  /** What else `/healthz` says; by default nothing. */
  extra?: () => Readonly<Record<string, unknown>>
  /** Asks how several processes fare that serve as one; what it says goes before what is known here. Default: this one is alone. */
  together?: (() => Promise<object>) | undefined
}

/** `GET /healthz`, 200 while the process serves, and `GET /readyz`, 200 while traffic may come. */
async function healthPlugin(app: FastifyInstance, options: HealthOptions): Promise<void> {
  const { version, upstreams, isDraining = () => false, extra, together } = options
  const startedAt = performance.now()

  app.get('/healthz', async () => ({
    status: isDraining() ? 'draining' : 'ok',
    version,
    uptime: Math.round((performance.now() - startedAt) / 1000),
    upstreams: upstreams(),
    ...extra?.(),
    ...(await together?.()),
  }))

  app.get('/readyz', async (_request, reply) => {
    const waiting = Object.entries(upstreams()).filter(([, { discovery }]) => discovery === 'waiting')
    const missing = waiting.map(([name]) => name)
    const draining = isDraining()
    const isReady = missing.length === 0 && !draining
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not ready', missing, draining })
  })
}

export default fp(healthPlugin, { fastify: '5.x', name: 'headgate-health' })
