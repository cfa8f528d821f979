import { formatPath, type Path } from './faults.ts'
import type { Config, UpstreamConfig } from './schema.ts'
import { formatDuration } from './units.ts'

/** Something that is allowed and was hardly meant. */
export interface Warning {
  path: string
  /** What it comes to. */
  text: string
}

/** What of a valid configuration was hardly meant, in words that make sense to someone who has never seen the schema. */
export function warningsOf(config: Config): Warning[] {
  return [...warn(config)].map(([at, text]) => ({ path: formatPath(at), text }))
}

export function formatWarning({ path, text }: Warning): string {
  return `${path}: ${text}`
}

type Found = readonly [at: Path, text: string]

function* warn(config: Config): Generator<Found> {
  const { server, admin, upstreams, routes } = config
  if (server.trustProxy === true) {
    yield [
      ['server', 'trustProxy'],
      'every client may say in X-Forwarded-For who it is; a list of proxies is safer',
    ]
  }
  if (admin !== undefined && !isLoopback(admin.host)) {
    yield [
      ['admin', 'host'],
      `${admin.host} can be reached from other machines; keep them out by other means`,
    ]
  }
  const named = new Set(routes.flatMap(({ upstream }) => upstream.map(({ name }) => name)))
  for (const [name, upstream] of Object.entries(upstreams)) {
    if (!named.has(name)) yield [['upstreams', name], 'no route leads here']
    yield* warnOfUpstream(upstream, ['upstreams', name])
  }
}

function* warnOfUpstream(upstream: UpstreamConfig, at: Path): Generator<Found> {
  const { timeouts, limits, connections, health, tls, retries } = upstream
  if (exceeds(timeouts.connect, timeouts.request)) {
    yield [
      [...at, 'timeouts', 'connect'],
      `longer than timeouts.request, which ends it after ${formatDuration(timeouts.request)}`,
    ]
  }
  if (limits.queue > 0 && exceeds(limits.queueTimeout, timeouts.request)) {
    yield [
      [...at, 'limits', 'queueTimeout'],
      `longer than timeouts.request, which ends it after ${formatDuration(timeouts.request)}`,
    ]
  }
  if (!connections.http2 && typeof limits.maxInFlight === 'number' && limits.maxInFlight > connections.max) {
    yield [
      [...at, 'limits', 'maxInFlight'],
      `a server gets no more than ${connections.max} at one time, one for each connection (connections.max)`,
    ]
  }
  if (health.active !== undefined && health.active.timeout > health.active.interval) {
    yield [
      [...at, 'health', 'active', 'timeout'],
      'longer than the interval: a server that hangs is asked less often',
    ]
  }
  if (!tls.verify)
    yield [
      [...at, 'tls', 'verify'],
      'anybody may pretend to be the server; ca names an authority of your own',
    ]
  if (retries.attempts > 0 && retries.budget === 0) {
    yield [[...at, 'retries', 'budget'], 'no more than ten requests a second are sent again']
  }
}

/** 0 = no limit. */
function exceeds(ms: number, limit: number): boolean {
  return limit > 0 && ms > limit
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
