import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import cacheAdmin from '../plugins/cache-admin.ts'
import type { HealthOptions } from '../plugins/health.ts'
import type { AdminConfig } from './config/schema.ts'
import { ownPages } from './own-pages.ts'
import type { Fleet } from './view/fleet.ts'

interface AdminParts {
  /** The gateway that is looked at, be it one process or several. */
  fleet: Fleet
  log: FastifyBaseLogger
  health: HealthOptions
}

/** The application of the admin port, and how it begins to listen. */
export interface Admin {
  app: FastifyInstance
  listen(): Promise<unknown>
  close(): Promise<unknown>
}

/** The admin port: health, metrics and the cache, away from the eyes of clients. It is the last to close. */
export async function openAdmin(
  { host, port }: AdminConfig,
  { fleet, log, health }: AdminParts,
): Promise<Admin> {
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  })
  await app.register(cacheAdmin, { fleet })
  await app.register(ownPages, { health, metrics: () => fleet.metrics() })
  return { app, listen: () => app.listen({ host, port }), close: () => app.close() }
}
