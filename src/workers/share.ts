import type { Config, UpstreamConfig } from '../config/schema.ts'

/** Which of how many workers: `index` counts from 0. */
export interface Seat {
  index: number
  count: number
}

/**
 * The configuration of one worker: of each number that limits the gateway as a whole it has its part, so that all parts
 * together are the whole. No part is less than 1, and 0, which means no limit or none at all, stays 0.
 */
export function shareOf(config: Config, seat: Seat): Config {
  const { server, cache, upstreams } = config
  const part = (whole: number) => partOf(whole, seat)
  const maxBytes = Math.max(1024, part(cache.maxBytes))
  const maxEntryBytes = Math.min(cache.maxEntryBytes, maxBytes)
  return {
    ...config,
    server: { ...server, maxConnections: part(server.maxConnections) },
    cache: { ...cache, maxEntries: part(cache.maxEntries), maxBytes, maxEntryBytes },
    upstreams: Object.fromEntries(
      Object.entries(upstreams).map(([name, upstream]) => [name, shareOfUpstream(upstream, part)]),
    ),
  }
}

function shareOfUpstream(upstream: UpstreamConfig, part: (whole: number) => number): UpstreamConfig {
  const { limits, connections } = upstream
  const { maxInFlight, queue } = limits
  const max = part(connections.max)
  return {
    ...upstream,
    limits: {
      ...limits,
      maxInFlight: maxInFlight === 'adaptive' ? maxInFlight : part(maxInFlight),
      queue: part(queue),
    },
    connections: { ...connections, max, minIdle: Math.min(part(connections.minIdle), max) },
  }
}

/** What is left over goes to the first workers. */
function partOf(whole: number, { index, count }: Seat): number {
  if (whole === 0) return 0
  return Math.max(1, Math.floor(whole / count) + (index < whole % count ? 1 : 0))
}
