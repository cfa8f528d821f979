import type { AddressInfo } from 'node:net'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { pino } from 'pino'
import balance from '../plugins/balance.ts'
import bodies from '../plugins/bodies.ts'
import cache from '../plugins/cache.ts'
import discovery from '../plugins/discovery.ts'
import forward from '../plugins/forward.ts'
import metrics from '../plugins/metrics.ts'
import { accessLog, type WriteAccessLine } from './access-log.ts'
import { openAdmin } from './admin.ts'
import type { ServerSpec } from './balance/server.ts'
import { systemClock } from './clock.ts'
import { resolveConfig } from './config/resolve.ts'
import type { Config, ConfigInput } from './config/schema.ts'
import { control, type GatewayControl } from './control.ts'
import { HandedDiscovery } from './discovery/handed.ts'
import { recordOf } from './edge/access-record.ts'
import type { EdgeOptions } from './edge/edge-server.ts'
import { requestIds } from './edge/request-id.ts'
import { answerError } from './error-answer.ts'
import { acceptAllMethods, closing, forwardAll, listenOn, routesLast } from './fastify-host.ts'
import { Sweep } from './forward/sweep.ts'
import { Front } from './front.ts'
import { GatewayCeiling } from './gateway-ceiling.ts'
import { gatewayHealth } from './gateway-health.ts'
import { connectionHistograms, gatewaySeries } from './gateway-series.ts'
import { Lifecycle } from './lifecycle.ts'
import { LocalFleet, tellServers } from './local-fleet.ts'
import { redaction } from './logger.ts'
import { ownPages } from './own-pages.ts'
import { type LoadedPlugin, loadPlugins, mountPlugins, registerPlugins } from './plugin-loader.ts'
import type { PrimaryLink } from './primary-link.ts'
import { withRequestLogs } from './request-log.ts'
import { requestHandler } from './serve.ts'
import { LiveSettings } from './settings.ts'
import { addTransportSecurity } from './transport-security.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'
import { version } from './version.ts'
import { EventFeed } from './view/event-feed.ts'

export interface GatewayOptions {
  /** What relative paths and the names of plugins are found from. Default: the working directory. */
  folder?: string
  /** Default: a pino logger of the configured level, JSON lines on standard output. */
  logger?: FastifyBaseLogger
  /** Writes a line of the access log. Default: the logger does. */
  writeAccessLine?: WriteAccessLine
  /** Where this gateway is one of several processes that serve as one: what it leaves to the one that holds them. */
  primary?: PrimaryLink | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    headgate: GatewayControl
    /** The application of the admin port, where the configuration has one. */
    admin: FastifyInstance
  }
}

/**
 * Puts a gateway together, in the order in which a request passes. The gateway is a Fastify application: any plugin,
 * any hook and any route can be added until it listens.
 *
 * @throws ConfigError with every fault of the configuration
 * @throws HeadgateError `HEADGATE_PLUGIN_FAILED` for a plugin of the configuration that cannot be used
 */
export async function createGateway(
  input: ConfigInput | Config,
  { folder = process.cwd(), logger, writeAccessLine, primary }: GatewayOptions = {},
): Promise<FastifyInstance> {
  const settings = new LiveSettings(resolveConfig(input, { folder }))
  const { config } = settings
  const log = logger ?? pino({ level: config.logging.level, redact: redaction })
  const lifecycle = new Lifecycle()
  const sweep = new Sweep()
  const newRequestId = requestIds()
  const ceiling = new GatewayCeiling()
  const events = new EventFeed(systemClock)

  // The edge lets through what is one clear HTTP request, and refuses the rest before anything routes it.
  const edge: Omit<EdgeOptions, 'limits'> = {
    trust: settings.trust,
    newRequestId,
    isDraining: () => lifecycle.isDraining,
    onReceived: () => lifecycle.begin(),
    onFinished: (record, request, response) => {
      lifecycle.end()
      finished(record, request, response)
    },
    onUnparsable: (error, cause) =>
      log.debug({ error: error.code, err: cause }, 'a connection sent no request'),
  }
  const front = new Front({
    settings: () => settings.config.server,
    edge,
    log,
    ticketKeys: primary?.ticketKeys,
  })
  const app: FastifyInstance = fastify({
    loggerInstance: withRequestLogs(log),
    logController: new LogController({ disableRequestLogging: true }),
    serverFactory: (handle) => front.createServer(handle),
    // The edge answers what is no request.
    clientErrorHandler: () => {},
    genReqId: (request) => recordOf(request).requestId,
    requestIdHeader: false,
    trustProxy: settings.trust,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    bodyLimit: config.server.bodyLimit || Number.MAX_SAFE_INTEGER,
  })
  if (config.server.tls !== undefined) addTransportSecurity(app, () => settings.config.server)
  acceptAllMethods(app)
  app.setErrorHandler(answerError)
  app.decorateRequest('upstreamHeaders', null)
  await app.register(bodies, { settings: () => settings.config.server, sweep })

  // Beside the path of requests, discovery says which servers there are, the balancer knows how they fare, and
  // everything is measured.
  await app.register(balance, {
    upstreams: balancedUpstreams(config.upstreams),
    scoreAge: (name) => app.discovery.get(name)?.roster.ageMs ?? 0,
    onEvent: tellServers(events),
  })
  const { upstreams } = app
  app.addHook('onClose', async () => {
    for (const tunnel of lifecycle.tunnels) tunnel.end()
    ceiling.close()
  })
  const onServers = (name: string, servers: readonly ServerSpec[]) => upstreams.apply(name, servers)
  if (primary === undefined) {
    await app.register(discovery, { upstreams: sourcesOf(config.upstreams), onServers })
  } else {
    const handed = new HandedDiscovery(onServers)
    app.decorate('discovery', handed)
    primary.follow((sources) => handed.take(sources))
  }
  await app.register(metrics, {
    series: gatewaySeries({
      upstreams,
      discovery: app.discovery,
      cache: () => app.httpCache.current,
      ceiling,
      config: () => app.headgate.configReport,
    }),
    histograms: connectionHistograms(upstreams),
    expose: false,
  })
  const finished = accessLog({
    write: writeAccessLine ?? ((line) => log.info(line, 'request')),
    metrics: app.metrics.requests,
    trust: settings.trust,
    settings: () => settings.config.logging,
  })
  // Whoever looks on from outside sees one fleet, be it this process or several; the gateway's own pages tell of it too.
  const fleet = new LocalFleet({
    app,
    settings,
    lifecycle,
    ceiling,
    upstreams,
    discovery: app.discovery,
    requests: app.metrics.requests,
    cache: () => app.httpCache.current,
    log,
    events,
  })
  app.addHook('onClose', async () => fleet.close())
  const healthOptions = {
    version,
    upstreams: () => gatewayHealth(upstreams, app.discovery),
    isDraining: () => lifecycle.isDraining,
    extra: () => ({ config: app.headgate.configReport }),
    together: primary?.health,
  }
  await app.register(ownPages, {
    health: healthOptions,
    metrics: config.admin === undefined ? () => (primary ?? fleet).metrics() : undefined,
  })

  // Who traces sees a request before everything else.
  if (config.tracing.enabled) await app.register(import('../plugins/tracing.ts'), { version })

  // What the user has plugged in sees a request before the gateway answers it.
  const plugins = await loadPlugins(config.plugins, folder).catch(closing(app))
  const isConfined = ({ prefix }: LoadedPlugin) => prefix !== undefined
  await registerPlugins(
    app,
    plugins.filter((plugin) => !isConfined(plugin)),
  ).catch(closing(app))

  // The cache answers what it can. For the rest the balancer reserves a slot on a server, and the request goes there.
  await app.register(cache, { ...config.cache, onPurge: primary?.purged })
  await app.register(forward, {
    settings: () => settings.config.server,
    trust: settings.trust,
    sweep,
    tunnels: lifecycle.tunnels,
  })
  const serve = requestHandler({ settings, upstreams, sweep, ceiling })
  routesLast(app, async (scope) => {
    await mountPlugins(scope, plugins.filter(isConfined), (inner) => forwardAll(inner, serve))
    forwardAll(scope, serve)
  })
  app.setNotFoundHandler(serve)

  // Whoever runs it reads its configuration again, lets it drain, and looks at it on a port of its own.
  app.decorate('headgate', control({ app, front, settings, lifecycle, log, folder, fleet, events }))
  const ownAdmin = primary === undefined ? config.admin : undefined
  const admin = ownAdmin && (await openAdmin(ownAdmin, { fleet, log, health: healthOptions }))
  if (admin !== undefined) app.decorate('admin', admin.app)

  // It listens last, behind the ports beside its own, which close after it.
  const redirect = front.redirect(() => (app.server.address() as AddressInfo).port)
  listenOn(app, config.server, [admin, redirect])
  app.addHook('onListen', async () => front.start())
  app.addHook('onClose', () => front.close())
  app.addHook('preClose', async () => {
    await app.headgate.drain()
  })
  return app
}
