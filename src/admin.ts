import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from 'fastify'
import adminApi from '../plugins/admin-api.ts'
import adminGuard from '../plugins/admin-guard.ts'
import cacheAdmin from '../plugins/cache-admin.ts'
import dashboard from '../plugins/dashboard.ts'
import type { HealthOptions } from '../plugins/health.ts'
import liveView from '../plugins/live-view.ts'
import openApi from '../plugins/openapi.ts'
import problemDetails from '../plugins/problem-details.ts'
import type { AdminConfig } from './config/schema.ts'
import type { SidePort } from './fastify-host.ts'
import { problem, problemType, rawProblem } from './guard/problem.ts'
import { ownPages } from './own-pages.ts'
import { version } from './version.ts'
import { EventLog } from './view/event-log.ts'
import type { Fleet } from './view/fleet.ts'

interface AdminParts {
  /** The gateway that is looked at, be it one process or several. */
  fleet: Fleet
  log: FastifyBaseLogger
  health: HealthOptions
}

/** The admin port, and its application. */
export interface Admin extends SidePort {
  app: FastifyInstance
}

const description =
  'A gateway and its servers, live. Whatever changes anything needs the admin token. Errors are problem details (RFC 9457). The WebSocket /api/stream sends {"snapshot", "events"} about once a second.'

/** A server's name is as long as a host name and a port. */
const maxParamLength = 300

/** The admin port: health, metrics, API and dashboard, away from the eyes of clients. It is the last to close. */
export async function openAdmin(
  { host, port, token, allowedHosts }: AdminConfig,
  { fleet, log, health }: AdminParts,
): Promise<Admin> {
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    requestTimeout: 30_000,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength },
    ajv: { customOptions: { removeAdditional: false } },
    frameworkErrors: (error, _request, reply: FastifyReply) =>
      reply
        .code(400)
        .type(problemType)
        .serializer(JSON.stringify)
        .send(problem(400, `${error.message}.`)),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawProblem(400, 'That is no request of HTTP/1.1.'))
      else socket.destroy()
    },
  })
  const events = new EventLog()
  const endEvents = fleet.onEvent((event) => events.add(event))
  app.addHook('onClose', async () => endEvents())

  // Nobody gets further than this who comes from another site, or wants to change something and has no token.
  // (@fastify/websocket ends what is refused only where its hook has come before.)
  app.removeContentTypeParser('text/plain')
  await app.register(problemDetails)
  await app.register(liveView, { fleet, events })
  await app.register(adminGuard, { token, allowedHosts, openRoutes: ['/healthz', '/readyz', '/metrics'] })
  if (token === undefined) log.info('the admin port changes nothing: there is no admin.token')

  await app.register(dashboard)
  await app.register(openApi, { title: 'headgate admin API', version, description })
  await app.register(adminApi, { prefix: '/api', fleet, events })
  await app.register(cacheAdmin, { prefix: '/api', fleet })
  await app.register(ownPages, { health, metrics: () => fleet.metrics() })
  return { app, listen: () => app.listen({ host, port }), close: () => app.close() }
}
