import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import cacheAdmin from '../plugins/cache-admin.ts'
import type { HealthOptions } from '../plugins/health.ts'
import type { AdminConfig } from './config/schema.ts'
import type { Listener } from './fastify-host.ts'
import { ownPages } from './own-pages.ts'

interface AdminParts {
  /** The gateway that is looked at. */
  app: FastifyInstance
  log: FastifyBaseLogger
  health: HealthOptions
}

/** The admin port: health, metrics and the cache, away from the eyes of clients. It is the last to close. */
export async function openAdmin(
  { host, port }: AdminConfig,
  { app, log, health }: AdminParts,
): Promise<Listener> {
  const admin: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  })
  await admin.register(cacheAdmin, { cache: () => app.httpCache.current })
  await admin.register(ownPages, { health, registry: app.metrics.registry })
  app.decorate('admin', admin)
  return { listen: () => admin.listen({ host, port }), close: () => admin.close() }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The application of the admin port, where the configuration has one. */
    admin: FastifyInstance
  }
}
