import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyListenOptions, FastifyPluginAsync, RouteHandlerMethod } from 'fastify'

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

/**
 * Routes every path of a scope, and every method, to one handler, which gets bodies as they come. A plugin may have
 * taken a method for itself, as CORS does OPTIONS; what it then does not answer is not found, and comes back.
 */
export function forwardAll(scope: FastifyInstance, handler: RouteHandlerMethod): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  for (const url of scope.prefix === '' ? ['/*'] : ['', '/*']) {
    const at = `${scope.prefix}${url}`
    const method = scope.supportedMethods.filter((one) => !scope.hasRoute({ method: one, url: at }))
    if (method.length > 0) scope.route({ method, url, config: { isForwarded: true }, handler })
  }
}

/** What to do when a gateway cannot be put together: nothing of it goes on running. */
export function closing(app: FastifyInstance): (error: unknown) => Promise<never> {
  return async (error) => {
    await app.close()
    throw error
  }
}

/** A port beside that of the gateway: it opens before that one, and closes after it. */
export interface SidePort {
  listen(): Promise<unknown>
  close(): Promise<unknown>
}

/** Lets `listen()` without an address take the configured one, and takes other ports along. */
export function listenOn(
  app: FastifyInstance,
  address: { host: string; port: number },
  others: readonly (SidePort | undefined)[],
): void {
  const listen = app.listen.bind(app) as (options: FastifyListenOptions) => Promise<string>
  app.listen = (async (options: FastifyListenOptions = {}) => {
    for (const other of others) await other?.listen()
    return listen({ ...address, ...options })
  }) as FastifyInstance['listen']
  if (others.every((other) => other === undefined)) return
  const close = app.close.bind(app) as () => Promise<undefined>
  app.close = (async () => {
    await close()
    for (const other of others) await other?.close()
  }) as FastifyInstance['close']
}
