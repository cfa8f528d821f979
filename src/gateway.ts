import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { pino } from 'pino'
import cache from '../plugins/cache.ts'
import discovery from '../plugins/discovery.ts'
import forward, { type ForwardTo } from '../plugins/forward.ts'
import health, { type HealthOptions } from '../plugins/health.ts'
import metrics from '../plugins/metrics.ts'
import { replySink } from '../plugins/reply-sink.ts'
import { accessLog } from './access-log.ts'
import type { RequestChanges } from './cache/lookup.ts'
import { resolveConfig } from './config/resolve.ts'
import type { Config, ConfigInput, UpstreamConfig } from './config/schema.ts'
import type { DiscoveryOptions } from './discovery/discovery.ts'
import { recordOf } from './edge/access-record.ts'
import { createEdgeServer } from './edge/edge-server.ts'
import { requestIds } from './edge/request-id.ts'
import { upgradeOf } from './edge/upgrade.ts'
import { answerError } from './error-answer.ts'
import { HeadgateError } from './errors.ts'
import { acceptAllMethods, routesLast } from './fastify-host.ts'
import { serverTarget } from './forward/path.ts'
import { Sweep } from './forward/sweep.ts'
import { gatewayHealth } from './gateway-health.ts'
import { gatewaySeries } from './gateway-series.ts'
import { Lifecycle } from './lifecycle.ts'
import { loadPlugins } from './plugin-loader.ts'
import { buildRoutes, type Route } from './routes.ts'
import { Upstreams } from './upstreams.ts'
import { version } from './version.ts'

export interface GatewayOptions {
  /** What relative paths and the names of plugins are found from. Default: the working directory. */
  folder?: string
  /** Default: a pino logger of the configured level, JSON lines on standard output. */
  logger?: FastifyBaseLogger
}

/** What a gateway can do beyond any other Fastify application. */
export interface GatewayControl {
  /** The configuration that is in force. */
  readonly config: Config
  /** Applies another configuration without dropping a request; names what only a restart can change. */
  reload(config: ConfigInput | Config): Promise<{ needsRestart: string[] }>
  /** Lets what is in flight finish, within `server.shutdownGrace`, then closes. */
  drain(): Promise<{ requests: number; tunnels: number }>
}

declare module 'fastify' {
  interface FastifyInstance {
    headgate: GatewayControl
  }
}

/** Puts a gateway together. It is a Fastify application: any plugin, any hook and any route can be added to it. */
export async function createGateway(
  input: ConfigInput | Config,
  { folder = process.cwd(), logger }: GatewayOptions = {},
): Promise<FastifyInstance> {
  const config = resolveConfig(input, { folder })
  const routes = buildRoutes(config.routes)
  const log = logger ?? pino({ level: config.logging.level, base: { pid: process.pid } })
  const lifecycle = new Lifecycle()
  const sweep = new Sweep()
  const newRequestId = requestIds()
  const { server: edge } = config

  // The edge takes what is one clear HTTP request, and refuses the rest before anything routes it.
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: (request) => recordOf(request).requestId,
    trustProxy: edge.trustProxy,
    bodyLimit: edge.bodyLimit,
    routerOptions: { maxParamLength: edge.maxUrlLength },
    serverFactory: (handle) =>
      createEdgeServer(handle, {
        ...edge,
        newRequestId,
        isDraining: () => lifecycle.isDraining,
        onReceived: () => lifecycle.inFlight++,
        onFinished: (record, request, response) => {
          lifecycle.inFlight--
          finish(record, request, response)
        },
        onUnparsable: (error, cause) =>
          log.debug({ err: cause, error: error.code }, 'a connection sent no request'),
      }),
  })
  acceptAllMethods(app)
  app.setErrorHandler(answerError)
  app.decorateRequest('upstreamHeaders', null)

  // Beside the path: servers come and go, and everything is measured.
  const upstreams = new Upstreams(log, (name) => app.discovery.get(name)?.roster.ageMs ?? 0)
  upstreams.configure(config.upstreams)
  await app.register(discovery, {
    upstreams: discoveryOptions(config.upstreams),
    onServers: (name, specs) => upstreams.apply(name, specs),
  })
  const healthOptions: HealthOptions = {
    version,
    upstreams: () => gatewayHealth(upstreams, app.discovery),
    isDraining: () => lifecycle.isDraining,
  }
  await app.register(metrics, {
    series: gatewaySeries(upstreams, () => app.discovery),
    expose: config.admin === undefined,
  })
  await app.register(health, healthOptions)
  const finish = accessLog(log, app.metrics.requests, () => config.logging.access)

  // Whatever the user plugs in sees a request before the gateway answers it.
  await loadPlugins(app, config.plugins, folder)

  // The cache answers what it can; the balancer finds a server with a free slot; the request is forwarded to it.
  await app.register(cache, config.cache)
  await app.register(forward, { ...edge, sweep, tunnels: lifecycle.tunnels })
  routesLast(app, async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    scope.route({ method: scope.supportedMethods, url: '/*', handler: serve })
  })

  function serve(request: FastifyRequest, reply: FastifyReply): void {
    const record = recordOf(request.raw)
    const route = routes.find(request.raw)
    if (route === undefined) throw new HeadgateError('HEADGATE_NO_ROUTE')
    record.route = route.label
    record.upstream = route.choose()
    const to = destination(route, record.upstream, request)
    const mode = route.cache ?? config.cache.mode
    if (mode === 'off' || upgradeOf(request.raw) !== undefined) {
      record.exchange = reply.forward(to)
      return
    }
    record.cache = reply.sendCached({
      mode,
      partition: route.headers === undefined ? undefined : route.label,
      open: (onGone) => replySink(reply, { sweep, sendTimeout: edge.sendTimeout, onGone }),
      fetch: (sink, changes, method) => {
        const exchange = reply.forward({ ...to, ...changed(to, changes), sink, method })
        record.exchange = exchange
        return (error) => exchange.abort(error)
      },
    })
  }

  function destination(route: Route, name: string, request: FastifyRequest): ForwardTo {
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
  return app
}

/** The client's fields as the cache wants them to reach the server. */
function changed({ headers }: ForwardTo, { remove, add }: RequestChanges): Pick<ForwardTo, 'headers'> {
  if (remove.length === 0 && add.length === 0) return { headers }
  const fields: Record<string, string> = { ...headers }
  for (const name of remove) fields[name] = ''
  for (let index = 0; index < add.length; index += 2)
    fields[(add[index] as string).toLowerCase()] = add[index + 1] as string
  return { headers: fields }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Fields for the server that replace the client's; a plugin may set them. Names in lower case. */
    upstreamHeaders: Record<string, string> | null
  }
}

function discoveryOptions(upstreams: Config['upstreams']): Record<string, DiscoveryOptions> {
  return Object.fromEntries(Object.entries(upstreams).map(([name, config]) => [name, sourceOf(config)]))
}

function sourceOf({ discovery: source, servers = [] }: UpstreamConfig): DiscoveryOptions {
  return source ?? { kind: 'static', servers }
}
