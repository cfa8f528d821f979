import type { UpstreamHealth } from '../plugins/health.ts'
import type { Discovery } from './discovery/discovery.ts'
import type { Upstreams } from './upstreams.ts'

/** How each upstream fares, for `/healthz`. */
export function gatewayHealth(
  upstreams: Upstreams,
  discovery: ReadonlyMap<string, Discovery>,
): Record<string, UpstreamHealth> {
  const health: Record<string, UpstreamHealth> = {}
  for (const [name, { balancer }] of upstreams) {
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
      discovery: roster?.state ?? 'waiting',
      ageSeconds: ageMs === undefined ? null : Math.round(ageMs / 100) / 10,
      servers,
    }
  }
  return health
}
