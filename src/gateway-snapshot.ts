import type { Sources } from '../plugins/discovery.ts'
import type { Server } from './balance/server.ts'
import type { Upstream } from './balance/upstream.ts'
import type { Upstreams } from './balance/upstreams.ts'
import type { HttpCache } from './cache/http-cache.ts'
import type { UpstreamConfig } from './config/schema.ts'
import { noConnections } from './connections/pool-stats.ts'
import type { ServerPool } from './connections/server-pool.ts'
import type { GatewayCeiling } from './gateway-ceiling.ts'
import { discoveryStateOf } from './gateway-health.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { RequestMetrics } from './metrics/request-metrics.ts'
import type { LiveSettings } from './settings.ts'
import { version } from './version.ts'
import {
  ageClasses,
  type CacheSnapshot,
  type ConnectionsSnapshot,
  type GatewaySnapshot,
  type RequestsSnapshot,
  type ServerSnapshot,
  type ServerState,
  type UpstreamSnapshot,
} from './view/snapshot.ts'

export interface SnapshotParts {
  settings: LiveSettings
  lifecycle: Lifecycle
  ceiling: GatewayCeiling
  upstreams: Upstreams
  discovery: Sources
  requests: RequestMetrics
  /** The cache that is in use. */
  cache: () => HttpCache
  logLevel: () => string
  /** When the gateway was made, on the monotonic clock. */
  startedAt: number
}

/** Ages are told in tenths of an hour where connections may become any age. */
const unlimitedAgeMs = 3_600_000

/** How the gateway of this process fares now. */
export function takeSnapshot(parts: SnapshotParts): GatewaySnapshot {
  const { settings, lifecycle, ceiling, upstreams } = parts
  const { rss, heapUsed } = process.memoryUsage()
  const now = performance.now()
  return {
    version,
    takenAt: Date.now(),
    uptimeSeconds: Math.round((now - parts.startedAt) / 1000),
    draining: lifecycle.isDraining,
    workers: 1,
    logLevel: parts.logLevel(),
    requests: requestsOf(parts),
    process: {
      eventLoopDelayMs: Math.max(0, ceiling.strain.delayMs),
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      heapShare: ceiling.strain.heapShare,
    },
    upstreams: Array.from(upstreams, ([name, balancer]) =>
      upstreamOf(balancer, settings.config.upstreams[name], parts, now),
    ),
    cache: cacheOf(parts.cache(), settings.config.cache.maxBytes),
  }
}

function requestsOf({ lifecycle, requests, ceiling }: SnapshotParts): RequestsSnapshot {
  const byStatus = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
  for (const [statusClass, count] of requests.countByClass()) {
    byStatus[`${statusClass}xx` as keyof typeof byStatus] += count
  }
  return {
    inFlight: lifecycle.inFlight,
    tunnels: lifecycle.tunnels.size,
    byStatus,
    shed: { ...ceiling.shed },
  }
}

function upstreamOf(
  balancer: Upstream<ServerPool>,
  config: UpstreamConfig | undefined,
  { upstreams, discovery }: SnapshotParts,
  now: number,
): UpstreamSnapshot {
  const { name, queueDepth, shed, retries, isPanicking } = balancer
  const maxAgeMs = config?.connections.maxAge ?? 0
  const servers = Array.from(balancer.servers, (server) =>
    serverOf(server, upstreams.isDrainedByHand(name, server.name), maxAgeMs, now),
  )
  const roster = discovery.get(name)?.roster
  return {
    name,
    algorithm: config?.balance.algorithm ?? '',
    discovery: {
      state: discoveryStateOf(roster, servers.length),
      ageSeconds: roster?.ageMs === undefined ? null : round(roster.ageMs / 1000, 1),
      connected: roster?.connected ?? false,
    },
    queueDepth,
    shed: { ...shed },
    retries: { succeeded: retries.succeeded, failed: retries.failed, refused: retries.refused },
    panic: isPanicking,
    maxAgeSeconds: maxAgeMs / 1000,
    servers,
  }
}

function serverOf(
  server: Server<ServerPool>,
  drainedByHand: boolean,
  maxAgeMs: number,
  now: number,
): ServerSnapshot {
  const state = stateOf(server, drainedByHand)
  return {
    name: server.name,
    state,
    states: { [state]: 1 },
    drainedByHand,
    score: round(server.score, 2),
    weight: round(server.weight, 2),
    share: server.isActive() ? round(server.share, 4) : 0,
    slowStart: round(server.slow, 2),
    ejections: { ...server.ejections },
    ejectionReason: server.ejectionReason ?? null,
    ejectedForMs: Math.max(0, Math.round(server.ejectedUntil - now)),
    inFlight: server.inFlight,
    slots: Math.floor(server.limit),
    outcomes: { ...server.outcomes },
    latencyMs: round(server.latency, 2),
    successRate: round(server.successRate, 4),
    connections: connectionsOf(server.openedPool, maxAgeMs),
  }
}

function stateOf(server: Server, drainedByHand: boolean): ServerState {
  if (server.state === 'removed') return 'removed'
  if (server.state === 'draining') return drainedByHand ? 'drained' : 'sundown'
  if (!server.healthy) return 'unhealthy'
  if (server.isEjected()) return 'ejected'
  if (server.share === 0) return 'resting'
  return server.slow < 1 ? 'slow-start' : 'ready'
}

function connectionsOf(pool: ServerPool | undefined, maxAgeMs: number): ConnectionsSnapshot {
  const { active, idle, retiring, dialing, tunnels, opened, closed } = pool?.stats ?? noConnections
  const classMs = (maxAgeMs > 0 ? maxAgeMs : unlimitedAgeMs) / 10
  const ages: number[] = new Array(ageClasses).fill(0)
  for (const age of pool?.ages() ?? []) ages[Math.min(Math.floor(age / classMs), ageClasses - 1)]!++
  return { active, idle, retiring, dialing, tunnels, opened, closed: { ...closed }, ages }
}

function cacheOf(
  { entries, bytes, evictions, stats, tierStats }: HttpCache,
  maxBytes: number,
): CacheSnapshot {
  const secondTier = tierStats === undefined ? null : { ...tierStats }
  return { entries, bytes, maxBytes, evictions, requests: { ...stats }, secondTier }
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
