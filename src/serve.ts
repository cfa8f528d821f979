import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ForwardTo } from '../plugins/forward.ts'
import { replySink } from '../plugins/reply-sink.ts'
import type { RequestChanges } from './cache/lookup.ts'
import { recordOf } from './edge/access-record.ts'
import { upgradeOf } from './edge/upgrade.ts'
import { HeadgateError } from './errors.ts'
import { serverTarget } from './forward/path.ts'
import type { Sweep } from './forward/sweep.ts'
import type { Route } from './routes.ts'
import type { LiveSettings } from './settings.ts'
import type { Upstreams } from './upstreams.ts'

export interface ServeOptions {
  settings: LiveSettings
  upstreams: Upstreams
  sweep: Sweep
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Fields for the server that replace the client's; a plugin may set them. Names in lower case. */
    upstreamHeaders: Record<string, string> | null
  }
}

/** The handler of every request that no plugin has answered: its route, then the cache, then a server. */
export function requestHandler({ settings, upstreams, sweep }: ServeOptions) {
  return function serve(request: FastifyRequest, reply: FastifyReply): void {
    const record = recordOf(request.raw)
    const route = settings.routes.find(request.raw)
    if (route === undefined) throw new HeadgateError('HEADGATE_NO_ROUTE')
    record.route = route.label
    record.upstream = route.nextUpstream()
    const to = destination(request, route, record.upstream)

    const mode = route.cache ?? settings.config.cache.mode
    if (mode === 'off' || upgradeOf(request.raw) !== undefined) {
      record.exchange = reply.forward(to)
      return
    }
    const { sendTimeout } = settings.config.server
    record.cache = reply.sendCached({
      mode,
      partition: route.headers === undefined ? undefined : route.label,
      open: (onGone) => replySink(reply, { sweep, sendTimeout, onGone }),
      fetch(sink, changes, method) {
        const exchange = reply.forward({ ...to, headers: changed(to.headers, changes), sink, method })
        record.exchange = exchange
        return (error) => exchange.abort(error)
      },
    })
  }

  function destination(request: FastifyRequest, route: Route, name: string): ForwardTo {
    const upstream = upstreams.get(name)
    if (upstream === undefined) throw new HeadgateError('HEADGATE_NO_SERVER')
    const { timeouts, retries } = upstream.config
    return {
      reserver: upstream.balancer,
      timeouts: route.timeout === undefined ? timeouts : { ...timeouts, request: route.timeout },
      retries: retries.attempts,
      context: { priority: route.priority, routeClass: route.label },
      target: serverTarget(request.raw.url as string, route.stripPrefix),
      headers: request.upstreamHeaders ?? undefined,
    }
  }
}

/** The client's fields as the cache wants them to reach the server. */
function changed(headers: ForwardTo['headers'], { remove, add }: RequestChanges): ForwardTo['headers'] {
  if (remove.length === 0 && add.length === 0) return headers
  const fields: Record<string, string> = { ...headers }
  for (const name of remove) fields[name] = ''
  for (let index = 0; index < add.length; index += 2) {
    fields[(add[index] as string).toLowerCase()] = add[index + 1] as string
  }
  return fields
}
