import type { Upstreams } from '../plugins/balance.ts'
import type { Sources } from '../plugins/discovery.ts'
import type { UpstreamHealth } from '../plugins/health.ts'
import type { DiscoveryState, Roster } from './discovery/roster.ts'

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
      ageSeconds: ageMs === undefined ? null : Math.round(ageMs / 100) / 10,
      servers,
    }
  }
  return health
}

/** A source that has only just been replaced waits for its first list, while the last one of the old source serves. */
export function discoveryStateOf(roster: Roster | undefined, servers: number): DiscoveryState {
  const state = roster?.state ?? 'waiting'
  return state === 'waiting' && servers > 0 ? 'stale' : state
}
