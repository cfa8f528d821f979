import {
  type CacheSnapshot,
  type ConnectionsSnapshot,
  type DiscoverySnapshot,
  discoveryStates,
  type GatewaySnapshot,
  type ProcessSnapshot,
  type RequestsSnapshot,
  type ServerSnapshot,
  type ServerState,
  serverStates,
  type UpstreamSnapshot,
} from './snapshot.ts'

/**
 * Several workers seen as one gateway: what adds up is summed, of the rest the worst is taken. It is the same in
 * whatever order they come, and however they are grouped. There must be at least one.
 */
export function mergeSnapshots(snapshots: readonly GatewaySnapshot[]): GatewaySnapshot {
  return snapshots.reduce((one, other) => ({
    version: later(one, other).version,
    takenAt: Math.max(one.takenAt, other.takenAt),
    uptimeSeconds: Math.max(one.uptimeSeconds, other.uptimeSeconds),
    draining: one.draining || other.draining,
    workers: one.workers + other.workers,
    logLevel: later(one, other).logLevel,
    requests: mergeRequests(one.requests, other.requests),
    process: mergeProcesses(one.process, other.process),
    upstreams: mergeByName(one.upstreams, other.upstreams, mergeUpstreams),
    cache: mergeCaches(one.cache, other.cache),
  }))
}

/** What workers agree on is taken from the one that was asked last. */
function later(one: GatewaySnapshot, other: GatewaySnapshot): GatewaySnapshot {
  if (one.takenAt !== other.takenAt) return one.takenAt > other.takenAt ? one : other
  return one.logLevel + one.version > other.logLevel + other.version ? one : other
}

function mergeRequests(one: RequestsSnapshot, other: RequestsSnapshot): RequestsSnapshot {
  return {
    inFlight: one.inFlight + other.inFlight,
    tunnels: one.tunnels + other.tunnels,
    byStatus: sum(one.byStatus, other.byStatus),
    shed: sum(one.shed, other.shed),
  }
}

function mergeProcesses(one: ProcessSnapshot, other: ProcessSnapshot): ProcessSnapshot {
  return {
    eventLoopDelayMs: Math.max(one.eventLoopDelayMs, other.eventLoopDelayMs),
    rssBytes: one.rssBytes + other.rssBytes,
    heapUsedBytes: one.heapUsedBytes + other.heapUsedBytes,
    heapShare: Math.max(one.heapShare, other.heapShare),
  }
}

function mergeUpstreams(one: UpstreamSnapshot, other: UpstreamSnapshot): UpstreamSnapshot {
  return {
    name: one.name,
    algorithm: one.algorithm > other.algorithm ? one.algorithm : other.algorithm,
    discovery: mergeDiscovery(one.discovery, other.discovery),
    queueDepth: one.queueDepth + other.queueDepth,
    shed: sum(one.shed, other.shed),
    retries: sum(one.retries, other.retries),
    panic: one.panic || other.panic,
    maxAgeSeconds: Math.max(one.maxAgeSeconds, other.maxAgeSeconds),
    servers: mergeByName(one.servers, other.servers, mergeServers),
  }
}

function mergeDiscovery(one: DiscoverySnapshot, other: DiscoverySnapshot): DiscoverySnapshot {
  const ages = [one.ageSeconds, other.ageSeconds].filter((age) => age !== null)
  return {
    state: worst(discoveryStates, one.state, other.state),
    ageSeconds: ages.length === 0 ? null : Math.max(...ages),
    connected: one.connected && other.connected,
  }
}

function mergeServers(one: ServerSnapshot, other: ServerSnapshot): ServerSnapshot {
  return {
    name: one.name,
    state: worst<ServerState>(serverStates, one.state, other.state),
    states: sum(one.states, other.states),
    drainedByHand: one.drainedByHand || other.drainedByHand,
    score: Math.max(one.score, other.score),
    weight: Math.max(one.weight, other.weight),
    share: one.share + other.share,
    slowStart: Math.min(one.slowStart, other.slowStart),
    ejections: sum(one.ejections, other.ejections),
    ejectionReason: longerReason(one, other),
    ejectedForMs: Math.max(one.ejectedForMs, other.ejectedForMs),
    inFlight: one.inFlight + other.inFlight,
    slots: one.slots + other.slots,
    outcomes: sum(one.outcomes, other.outcomes),
    latencyMs: meanLatency(one, other),
    successRate: Math.min(one.successRate, other.successRate),
    connections: mergeConnections(one.connections, other.connections),
  }
}

/** The mean, by how many successes each has seen. */
function meanLatency(one: ServerSnapshot, other: ServerSnapshot): number {
  const ones = one.outcomes.success
  const others = other.outcomes.success
  if (ones + others === 0) return Math.max(one.latencyMs, other.latencyMs)
  return (one.latencyMs * ones + other.latencyMs * others) / (ones + others)
}

/** Of the one that is out for longer. */
function longerReason(one: ServerSnapshot, other: ServerSnapshot): ServerSnapshot['ejectionReason'] {
  if (one.ejectedForMs !== other.ejectedForMs) {
    return one.ejectedForMs > other.ejectedForMs ? one.ejectionReason : other.ejectionReason
  }
  return (one.ejectionReason ?? '') >= (other.ejectionReason ?? '')
    ? one.ejectionReason
    : other.ejectionReason
}

function mergeConnections(one: ConnectionsSnapshot, other: ConnectionsSnapshot): ConnectionsSnapshot {
  return {
    active: one.active + other.active,
    idle: one.idle + other.idle,
    retiring: one.retiring + other.retiring,
    dialing: one.dialing + other.dialing,
    tunnels: one.tunnels + other.tunnels,
    opened: one.opened + other.opened,
    closed: sum(one.closed, other.closed),
    ages: one.ages.map((count, index) => count + (other.ages[index] ?? 0)),
  }
}

function mergeCaches(one: CacheSnapshot, other: CacheSnapshot): CacheSnapshot {
  return {
    entries: one.entries + other.entries,
    bytes: one.bytes + other.bytes,
    maxBytes: one.maxBytes + other.maxBytes,
    evictions: one.evictions + other.evictions,
    requests: sum(one.requests, other.requests),
    secondTier:
      one.secondTier && other.secondTier
        ? sum(one.secondTier, other.secondTier)
        : (one.secondTier ?? other.secondTier),
  }
}

/** In the order of the first, then of the second. */
function mergeByName<Item extends { name: string }>(
  ones: readonly Item[],
  others: readonly Item[],
  merge: (one: Item, other: Item) => Item,
): Item[] {
  const merged = new Map(ones.map((one) => [one.name, one]))
  for (const other of others) {
    const one = merged.get(other.name)
    merged.set(other.name, one === undefined ? other : merge(one, other))
  }
  return [...merged.values()]
}

/** Key by key; one that is missing counts as 0. */
function sum<Counts extends Partial<Record<string, number>>>(one: Counts, other: Counts): Counts {
  const total: Partial<Record<string, number>> = { ...one }
  for (const [key, count] of Object.entries(other)) total[key] = (total[key] ?? 0) + (count ?? 0)
  return total as Counts
}

function worst<State>(states: readonly State[], one: State, other: State): State {
  return states.indexOf(one) >= states.indexOf(other) ? one : other
}
