import caching from '@fastify/caching'
import type { FastifyInstance } from 'fastify'
import health, { type HealthOptions } from '../plugins/health.ts'
import { exposeMetrics } from '../plugins/metrics.ts'
import { ValueStore } from './cache/value-store.ts'

export interface OwnPages {
  health: HealthOptions
  /** Prometheus' text. Absent where `/metrics` stands elsewhere. */
  metrics?: (() => Promise<string>) | undefined
}

/**
 * The gateway's own pages, in a scope of their own: the hooks of @fastify/caching, which give them their
 * Cache-Control, must not come near what is forwarded.
 */
export async function ownPages(
  scope: FastifyInstance,
  { health: options, metrics }: OwnPages,
): Promise<void> {
  await scope.register(caching, { privacy: 'no-cache', cache: new ValueStore() as never })
  scope.addHook('onRequest', async (request, reply) => {
    reply.headers({ via: '1.1 headgate', 'x-request-id': request.id })
  })
  await scope.register(health, options)
  if (metrics !== undefined) exposeMetrics(scope, metrics)
}
