import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Clock, systemClock } from '../src/clock.ts'
import { FailureLimit } from '../src/guard/failure-limit.ts'
import { isCrossSite, isOwnHost } from '../src/guard/origin.ts'
import { Refusal } from '../src/guard/refusal.ts'
import { bearerToken, isSameToken } from '../src/guard/token.ts'

export interface AdminGuardOptions {
  /** What changes anything needs it, as `Authorization: Bearer`. Absent = nothing can be changed. */
  token?: string | undefined
  /** Names by which the application may be reached, beside addresses and localhost. @default [] */
  allowedHosts?: readonly string[]
  /** Routes that are read by machines, which may come by any name. @default [] */
  openRoutes?: readonly string[]
  clock?: Clock
}

const protection = {
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Keeps pages of other sites away from an application, and lets nobody change anything without the token. */
async function adminGuardPlugin(
  app: FastifyInstance,
  { token, allowedHosts = [], openRoutes = [], clock = systemClock }: AdminGuardOptions,
): Promise<void> {
  const failures = new FailureLimit({ clock })
  const names = allowedHosts.map((name) => name.toLowerCase())

  app.addHook('onRequest', async (request, reply) => {
    if (openRoutes.includes(request.routeOptions.url ?? '')) return
    reply.headers(protection)
    if (!isOwnHost(request.headers.host, names)) {
      throw new Refusal(
        421,
        'This port is not reached by that name. An address does, or a name in admin.allowedHosts',
      )
    }
    const isChange = !safeMethods.has(request.method)
    if ((isChange || request.headers.upgrade !== undefined) && isCrossSite(request.headers)) {
      throw new Refusal(403, 'This was asked by a page of another site')
    }
    if (isChange) authorize(request)
  })

  function authorize({ headers, ip }: FastifyRequest): void {
    if (token === undefined) {
      throw new Refusal(
        403,
        'Nothing can be changed here: there is no admin.token, nor $HEADGATE_ADMIN_TOKEN',
      )
    }
    const waitSeconds = failures.waitSeconds(ip)
    if (waitSeconds > 0) {
      throw new Refusal(429, 'Too many wrong tokens came from this address', {
        'retry-after': `${waitSeconds}`,
      })
    }
    const given = bearerToken(headers.authorization)
    if (given !== undefined && isSameToken(given, token)) return
    if (given !== undefined) failures.count(ip)
    const detail =
      given === undefined ? 'This needs the token, as Authorization: Bearer' : 'The token is wrong'
    throw new Refusal(401, detail, { 'www-authenticate': 'Bearer realm="headgate"' })
  }
}

export default fp(adminGuardPlugin, { fastify: '5.x', name: 'headgate-admin-guard' })
