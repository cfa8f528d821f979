import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReserveContext } from './balance/reservation.ts'
import type { Server } from './balance/server.ts'
import type { Upstreams } from './balance/upstreams.ts'
import { isUnsafe } from './cache/request.ts'
import { Cacheable } from './cacheable.ts'
import type { ServerPool } from './connections/server-pool.ts'
import { recordOf } from './edge/access-record.ts'
import { targetOf } from './edge/routable.ts'
import { upgradeOf } from './edge/upgrade.ts'
import { HeadgateError } from './errors.ts'
import { explanation, explanationField, wantsExplanation } from './explanation.ts'
import type { ForwardTo } from './forward/forward-to.ts'
import { serverTarget } from './forward/path.ts'
import type { Sweep } from './forward/sweep.ts'
import type { GatewayCeiling } from './gateway-ceiling.ts'
import type { Route } from './routes.ts'
import type { LiveSettings } from './settings.ts'

export interface ServeOptions {
  settings: LiveSettings
  upstreams: Upstreams
  sweep: Sweep
  /** Says when the gateway itself can take no more. */
  ceiling: GatewayCeiling
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Fields for the server that replace the client's; a plugin may set them. Names in lower case. */
    upstreamHeaders: Record<string, string> | null
  }
}

/** The handler of every request that no plugin has answered: its route, then the cache, then a server. */
export function requestHandler({ settings, upstreams, sweep, ceiling }: ServeOptions) {
  return function serve(request: FastifyRequest, reply: FastifyReply): void {
    const record = recordOf(request.raw)
    const route = settings.routes.find(request.raw)
    if (route === undefined) throw new HeadgateError('HEADGATE_NO_ROUTE')
    record.route = route.label
    ceiling.admit(route.priority)
    record.upstream = route.nextUpstream()
    const mode = route.cache ?? settings.config.cache.mode
    // What an unsafe method changes may be stored by another route.
    const mayInvalidate = settings.isCaching && isUnsafe(request.method)
    if ((mode === 'off' && !mayInvalidate) || upgradeOf(request.raw) !== undefined) {
      record.exchange = reply.forward(destination(request, reply, route, record.upstream))
      return
    }
    const name = record.upstream
    const to = () => destination(request, reply, route, name)
    const partition = route.headers === undefined ? undefined : route.label
    const result = reply.sendCached(new Cacheable(reply, to, { mode, partition, settings, sweep }))
    if (mode !== 'off') record.cache = result
  }

  function destination(request: FastifyRequest, reply: FastifyReply, route: Route, name: string): ForwardTo {
    const config = settings.config.upstreams[name]
    const balancer = upstreams.get(name)
    if (config === undefined || balancer === undefined) throw new HeadgateError('HEADGATE_NO_SERVER')
    const { timeouts, retries, limits } = config
    const affinity = settings.affinity(name)
    const context: ReserveContext = { priority: route.priority, routeClass: route.label }
    affinity?.apply(request, context)
    const isExplained = wantsExplanation(request, settings.trust)
    return {
      reserver: balancer,
      timeouts: route.timeout === undefined ? timeouts : { ...timeouts, request: route.timeout },
      retries: retries.attempts,
      context,
      target: serverTarget(targetOf(request.raw), route.stripPrefix),
      headers: request.upstreamHeaders ?? undefined,
      maxTunnelAge: limits.maxTunnelAge,
      trace: request.trace ?? undefined,
      onHead:
        affinity?.remember === undefined && !isExplained
          ? undefined
          : (_head, send) => {
              const { exchange } = recordOf(request.raw)
              const server = exchange?.server as Server<ServerPool> | undefined
              if (server !== undefined) affinity?.remember?.(request, reply, balancer.stickyName(server))
              if (isExplained) reply.header(explanationField, explanation(recordOf(request.raw), balancer))
              send()
            },
    }
  }
}
