import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'

/** Lets Fastify route every method that Node's parser knows; CONNECT never comes this far. */
export function acceptAllMethods(app: FastifyInstance): void {
  const known = new Set(app.supportedMethods)
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !known.has(method)) app.addHttpMethod(method, { hasBody: true })
  }
}

/**
 * Registers routes at the last moment, when the application is about to be ready: plugins that a user registers
 * until then see them, those included that look at each route as it is added (rate limits do).
 */
export function routesLast(app: FastifyInstance, routes: FastifyPluginAsync): void {
  const ready = app.ready as (this: FastifyInstance, ...rest: unknown[]) => unknown
  let isRegistered = false
  app.ready = function (this: FastifyInstance, ...rest: unknown[]) {
    if (!isRegistered) {
      isRegistered = true
      app.register(routes)
    }
    return ready.apply(this, rest)
  } as FastifyInstance['ready']
}
