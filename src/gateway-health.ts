import type { Sources } from '../plugins/discovery.ts'
import type { UpstreamHealth } from '../plugins/health.ts'
import type { Upstreams } from './balance/upstreams.ts'
import type { RosterView } from './discovery/handed.ts'
import type { DiscoveryState } from './discovery/roster.ts'

/** How each upstream fares, for `/healthz`. */
export function gatewayHealth(upstreams: Upstreams, discovery: Sources): Record<string, UpstreamHealth> {
  const health: Record<string, UpstreamHealth> = {}
  for (const [name, balancer] of upstreams) {
    const roster = discovery.get(name)?.roster
    const servers = { total: 0, active: 0, draining: 0, ejected: 0, unhealthy: 0 }
    for (const server of balancer.servers) {
      servers.total++
      if (server.state !== 'active') servers.draining++
      else if (!server.healthy) servers.unhealthy++
      else if (server.ejectedUntil > 0) servers.ejected++
      else servers.active++
    }
    const ageMs = roster?.ageMs
    health[name] = {
      discovery: discoveryStateOf(roster, servers.total),
      ageSeconds: seconds(ageMs),
      servers,
    }
  }
  return health
}

/** A source that has only just been replaced waits for its first list, while the last one of the old source serves. */
export function discoveryStateOf(roster: RosterView | undefined, servers: number): DiscoveryState {
  const state = roster?.state ?? 'waiting'
  return state === 'waiting' && servers > 0 ? 'stale' : state
}

/** What discovery alone knows of each upstream. */
export function sourceHealth(discovery: Sources): Record<string, UpstreamHealth> {
  return Object.fromEntries(
    Array.from(
      discovery,
      ([
        name,
        {
          roster: { state, ageMs, servers },
        },
      ]) => [name, { discovery: state, ageSeconds: seconds(ageMs), servers: { total: servers.length } }],
    ),
  )
}

/**
 * How several processes fare together. Each sees the same servers, so that they do not add up: a server is as bad as the
 * process says that sees the most of its kind.
 */
export function mergeHealth(all: readonly Record<string, UpstreamHealth>[]): Record<string, UpstreamHealth> {
  const merged: Record<string, UpstreamHealth> = {}
  for (const [name, health] of all.flatMap((one) => Object.entries(one))) {
    const before = merged[name]
    merged[name] =
      before === undefined ? health : { ...before, servers: worse(before.servers, health.servers) }
  }
  return merged
}

function worse(one: UpstreamHealth['servers'], other: UpstreamHealth['servers']): Record<string, number> {
  const servers: Record<string, number> = { ...one }
  for (const [state, count] of Object.entries(other)) {
    const known = servers[state] ?? count
    servers[state] = state === 'active' ? Math.min(known, count) : Math.max(known, count)
  }
  return servers
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 100) / 10
}
