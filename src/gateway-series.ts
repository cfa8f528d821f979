import type { Sources, SourceView } from '../plugins/discovery.ts'
import type { Upstreams } from './balance/upstreams.ts'
import type { HttpCache } from './cache/http-cache.ts'
import { configSeries } from './config-series.ts'
import { ageBounds, noConnections, type PoolStats, requestBounds } from './connections/pool-stats.ts'
import type { GatewayCeiling } from './gateway-ceiling.ts'
import type { Distribution, HistogramSeries } from './metrics/histogram-series.ts'
import type { Sample, Series } from './metrics/series.ts'
import type { ConfigReport } from './reload-record.ts'

interface Measured {
  upstreams: Upstreams
  discovery: Sources
  /** The cache that is in use. */
  cache: () => HttpCache
  ceiling: GatewayCeiling
  /** When the configuration came into force, and how the last reload ended. */
  config: () => ConfigReport
}

/** What the scrape reads of servers, connections, queues and discovery. */
export function gatewaySeries({ upstreams, discovery, cache, ceiling, config }: Measured): Series[] {
  /** What holds is told of every server; what the choice goes by, of those alone that can be chosen. */
  function* eachServer(isHeld: boolean): Generator<[{ upstream: string; server: string }, Server]> {
    for (const [upstream, balancer] of isHeld ? upstreams.withEnding() : upstreams) {
      for (const server of balancer.servers) yield [{ upstream, server: server.name }, server]
    }
  }
  function* eachUpstream(read: (balancer: Balancer) => Iterable<Sample>): Generator<Sample> {
    for (const [upstream, balancer] of upstreams) {
      for (const [labels, value] of read(balancer)) yield [{ upstream, ...labels }, value]
    }
  }
  function* eachSource(read: (source: SourceView) => Iterable<Sample>): Generator<Sample> {
    for (const [upstream, source] of discovery) {
      for (const [labels, value] of read(source)) yield [{ upstream, ...labels }, value]
    }
  }
  function serverSeries(
    name: string,
    type: Series['type'],
    help: string,
    read: (server: Server) => Iterable<Sample>,
    ...labels: string[]
  ): Series {
    return {
      name: `headgate_upstream_${name}`,
      type,
      help,
      ...(name in together && { together: together[name] }),
      labels: ['upstream', 'server', ...labels],
      *read() {
        for (const [own, server] of eachServer(held.has(name))) {
          for (const [more, value] of read(server)) yield [{ ...own, ...more }, value]
        }
      },
    }
  }

  return [
    serverSeries(
      'requests_total',
      'counter',
      'Attempts on servers, by how they ended',
      ({ outcomes }) => labelled('outcome', outcomes),
      'outcome',
    ),
    serverSeries('in_flight', 'gauge', 'Requests and tunnels that hold a slot', ({ inFlight }) =>
      one(inFlight),
    ),
    serverSeries('weight', 'gauge', 'What a server weighs in the choice now', ({ weight }) => one(weight)),
    serverSeries(
      'share',
      'gauge',
      'What the weight comes to with what has been learnt: the choice goes by it',
      ({ share }) => one(share),
    ),
    serverSeries('slots', 'gauge', 'Requests that a server is given at one time', ({ limit }) => one(limit)),
    serverSeries(
      'latency_seconds',
      'gauge',
      'Time to the head of a response, a moving average',
      ({ latency }) => one(latency / 1000),
    ),
    serverSeries(
      'success_ratio',
      'gauge',
      'Share of requests that succeed, a moving average',
      ({ successRate }) => one(successRate),
    ),
    serverSeries(
      'connections',
      'gauge',
      'Connections, by state',
      (server) => {
        const { active, idle, retiring } = statsOf(server)
        return labelled('state', { active, idle, retiring })
      },
      'state',
    ),
    serverSeries('connections_opened_total', 'counter', 'Connections that were set up', (server) =>
      one(statsOf(server).opened),
    ),
    serverSeries(
      'connections_closed_total',
      'counter',
      'Connections that ended, by why',
      (server) => labelled('reason', statsOf(server).closed),
      'reason',
    ),
    serverSeries(
      'ejections_total',
      'counter',
      'Times that a server was left out, by why',
      ({ ejections }) => labelled('reason', ejections),
      'reason',
    ),
    {
      name: 'headgate_upstream_young_server_requests_total',
      type: 'counter',
      help: 'Attempts on servers that joined or returned less than so many seconds ago; those of the first list count as old',
      labels: ['upstream', 'younger_than'],
      read: () =>
        eachUpstream(function* ({ requestsByAge }) {
          for (const [age, requests] of requestsByAge) yield [{ younger_than: `${age}` }, requests]
        }),
    },
    {
      name: 'headgate_shed_total',
      type: 'counter',
      help: 'Requests refused for want of room or of servers, by why; without an upstream where the gateway itself was full',
      labels: ['upstream', 'reason'],
      *read() {
        yield* eachUpstream(({ shed }) => labelled('reason', shed))
        for (const [labels, count] of labelled('reason', ceiling.shed))
          yield [{ upstream: '', ...labels }, count]
      },
    },
    {
      name: 'headgate_retries_total',
      type: 'counter',
      help: 'Requests that were sent again, by what it led to; refused where the budget was used up',
      labels: ['upstream', 'outcome'],
      read: () =>
        eachUpstream(({ retries: { succeeded, failed, refused } }) =>
          labelled('outcome', { success: succeeded, failure: failed, refused }),
        ),
    },
    ...configSeries(config),
    {
      name: 'headgate_queue_depth',
      type: 'gauge',
      help: 'Requests that wait for a slot',
      labels: ['upstream'],
      read: () => eachUpstream(({ queueDepth }) => one(queueDepth)),
    },
    {
      name: 'headgate_cache_requests_total',
      type: 'counter',
      help: 'Requests, by how the cache took part',
      labels: ['result'],
      read: () => labelled('result', cache().stats),
    },
    {
      name: 'headgate_cache_entries',
      type: 'gauge',
      help: 'Responses in the cache',
      labels: [],
      read: () => one(cache().entries),
    },
    {
      name: 'headgate_cache_bytes',
      type: 'gauge',
      help: 'Bytes that the responses in the cache take',
      labels: [],
      read: () => one(cache().bytes),
    },
    {
      name: 'headgate_discovery_connected',
      type: 'gauge',
      help: '1 while the source of servers is connected',
      together: 'max',
      labels: ['upstream'],
      read: () => eachSource(({ roster }) => one(roster.connected ? 1 : 0)),
    },
    {
      name: 'headgate_discovery_age_seconds',
      type: 'gauge',
      help: 'Time since the last list',
      together: 'max',
      labels: ['upstream'],
      read: () => eachSource(({ roster }) => (roster.ageMs === undefined ? [] : one(roster.ageMs / 1000))),
    },
    {
      name: 'headgate_discovery_messages_total',
      type: 'counter',
      help: 'Lists and other messages of the source, by what became of them',
      together: 'max',
      labels: ['upstream', 'result'],
      read: () => eachSource(({ roster }) => labelled('result', roster.messages)),
    },
  ]
}

/** How old connections to servers become, and how many requests they carry. */
export function connectionHistograms(upstreams: Upstreams): HistogramSeries[] {
  function* each(
    read: (stats: Readonly<PoolStats>) => Omit<Distribution, 'labels'>,
  ): Generator<Distribution> {
    for (const [upstream, balancer] of upstreams) {
      for (const server of balancer.servers) {
        yield { labels: { upstream, server: server.name }, ...read(statsOf(server)) }
      }
    }
  }
  return [
    {
      name: 'headgate_upstream_connection_age_seconds',
      help: 'Age of connections to servers at their end',
      labels: ['upstream', 'server'],
      bounds: ageBounds,
      read: () => each(({ agesAtClose, ageSum }) => ({ counts: agesAtClose, sum: ageSum })),
    },
    {
      name: 'headgate_upstream_connection_requests',
      help: 'Requests that connections to servers had carried at their end',
      labels: ['upstream', 'server'],
      bounds: requestBounds,
      read: () => each(({ requestsAtClose, requestSum }) => ({ counts: requestsAtClose, sum: requestSum })),
    },
  ]
}

/** Series of what requests and connections hold, which outlives the configuration that it began under. */
const held = new Set([
  'requests_total',
  'in_flight',
  'connections',
  'connections_opened_total',
  'connections_closed_total',
])

/** What several processes have each for itself, and what does not add up. */
const together: Readonly<Record<string, Series['together']>> = {
  weight: 'max',
  share: 'average',
  latency_seconds: 'average',
  success_ratio: 'average',
}

type Balancer = NonNullable<ReturnType<Upstreams['get']>>
type Server = Balancer['servers'] extends Iterable<infer One> ? One : never

/** Without opening anything. */
function statsOf({ openedPool }: Server): Readonly<PoolStats> {
  return openedPool?.stats ?? noConnections
}

function one(value: number): Sample[] {
  return [[{}, value]]
}

function labelled(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => [{ [label]: key }, value])
}
