import { readFileSync } from 'node:fs'
import type { BalanceUpstream } from './balance/upstreams.ts'
import type { Config, UpstreamConfig } from './config/schema.ts'
import { defaultMaxStreams } from './connections/http2/http2-options.ts'
import type { DiscoveryOptions } from './discovery/discovery.ts'

/**
 * What the balancer needs to know of each upstream. Certificates are read here, so that a file that is not there
 * changes nothing.
 */
export function balancedUpstreams(upstreams: Config['upstreams']): Record<string, BalanceUpstream> {
  return mapValues(upstreams, balanced)
}

/** Where the servers of each upstream come from. */
export function sourcesOf(upstreams: Config['upstreams']): Record<string, DiscoveryOptions> {
  return mapValues(upstreams, ({ discovery, servers = [] }) => discovery ?? { kind: 'static', servers })
}

function balanced(config: UpstreamConfig): BalanceUpstream {
  const { balance, limits, retries, health, connections, timeouts, tls } = config
  return {
    balance,
    limits: { ...limits, maxInFlight: slotsPerServer(config) },
    retries,
    health,
    connections: { ...connections, connectTimeout: timeouts.connect, tls: readTls(tls) },
  }
}

/** A slot without a connection, or without a stream on one, would only wait in another place. */
function slotsPerServer({ limits, connections }: UpstreamConfig): number | 'adaptive' {
  if (limits.maxInFlight === 'adaptive') return 'adaptive'
  return Math.min(limits.maxInFlight, connections.max * (connections.http2 ? defaultMaxStreams : 1))
}

function readTls({ ca, cert, key, ...rest }: UpstreamConfig['tls']) {
  return {
    ...rest,
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  }
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
