import type { LoggedEvent } from '../../view/event-log.ts'
import type { ServerSnapshot, UpstreamSnapshot } from '../../view/snapshot.ts'
import {
  bytes,
  duration,
  type Interval,
  milliseconds,
  number,
  percent,
  sentTo,
  serverIn,
  sum,
  upstreamIn,
} from './figures.ts'
import { type Column, type Paint, painter, type Style, tableLines } from './table.ts'

export interface Window {
  columns: number
  /** Infinity where there is no end, as in a pipe. */
  rows: number
  hasColors: boolean
}

interface Row {
  server: ServerSnapshot
  /** What it got of the upstream's traffic, 0 to 1. */
  traffic: number
}

const maxEvents = 6
const barWidth = 12
const heights = '▁▂▃▄▅▆▇█'

const stateStyles: Readonly<Record<ServerSnapshot['state'], Style>> = {
  ready: 'green',
  'slow-start': 'green',
  resting: 'dim',
  unhealthy: 'red',
  ejected: 'red',
  sundown: 'yellow',
  drained: 'yellow',
  removed: 'dim',
}

const discoveryStyles: Readonly<Record<UpstreamSnapshot['discovery']['state'], Style>> = {
  static: 'dim',
  fresh: 'green',
  stale: 'yellow',
  waiting: 'yellow',
  lost: 'red',
}

const serverColumns: readonly Column<Row>[] = [
  { title: 'SERVER', align: 'left', spare: 0, cell: ({ server }) => ({ text: server.name, style: 'bold' }) },
  { title: 'STATE', align: 'left', spare: 0, cell: ({ server }) => stateOf(server) },
  { title: 'WEIGHT', align: 'right', spare: 3, cell: ({ server }) => ({ text: number(server.weight) }) },
  { title: 'TRAFFIC', align: 'right', spare: 0, cell: ({ traffic }) => ({ text: percent(traffic) }) },
  { title: '', align: 'left', spare: 5, cell: ({ traffic }) => ({ text: bar(traffic), style: 'cyan' }) },
  {
    title: 'IN FLIGHT',
    align: 'right',
    spare: 0,
    cell: ({ server }) => ({ text: `${number(server.inFlight)}/${number(server.slots)}` }),
  },
  {
    title: 'LATENCY',
    align: 'right',
    spare: 1,
    cell: ({ server }) => ({ text: milliseconds(server.latencyMs) }),
  },
  { title: 'SUCCESS', align: 'right', spare: 2, cell: ({ server }) => successOf(server) },
  { title: 'CONNS', align: 'right', spare: 4, cell: ({ server }) => ({ text: number(openOf(server)) }) },
  {
    title: 'AGES',
    align: 'left',
    spare: 6,
    cell: ({ server }) => ({ text: agesOf(server), style: 'magenta' }),
  },
]

/** What `headgate top` shows: the gateway, its upstreams and servers, and what has happened last. */
export function topScreen(interval: Interval, events: readonly LoggedEvent[], window: Window): string[] {
  const { upstreams } = interval.now
  const paint = painter(window.hasColors)
  const head = [title(interval, paint), summary(interval, paint)]
  const body = upstreams.flatMap((upstream) => ['', ...upstreamLines(upstream, interval, window, paint)])
  const last = events
    .slice(-maxEvents)
    .map((event) => paint(eventLine(event).slice(0, window.columns), 'dim'))
  const tail = last.length === 0 ? [] : ['', ...last]
  const room = window.rows - head.length - tail.length
  const shown = body.length > room ? [...body.slice(0, Math.max(0, room - 1)), paint('  ...', 'dim')] : body
  return [...head, ...shown, ...tail]
}

function title({ now }: Interval, paint: Paint): string {
  const parts = [`headgate ${now.version}`, `up ${duration(now.uptimeSeconds)}`]
  if (now.workers > 1) parts.push(`${now.workers} workers`)
  return `${paint(parts.join(' · '), 'bold')}${now.draining ? paint(' · draining', 'yellow') : ''}`
}

function summary(interval: Interval, paint: Paint): string {
  const { requests, cache } = interval.now
  const { eventLoopDelayMs, rssBytes } = interval.now.process
  const answered = interval.growth((one) => sum(one.requests.byStatus))
  const errors = interval.growth((one) => one.requests.byStatus['5xx']) / answered
  const shed = interval.rate(
    (one) => sum(one.requests.shed) + one.upstreams.reduce((all, two) => all + sum(two.shed), 0),
  )
  const asked = interval.growth((one) => sum(one.cache.requests))
  const hits = interval.growth(
    ({ cache: { requests: results } }) => sum(results) - results.miss - results.bypass,
  )
  return [
    `${number(interval.rate((one) => sum(one.requests.byStatus)))} requests/s`,
    `${number(requests.inFlight)} in flight`,
    paint(`${percent(errors)} errors`, errors >= 0.01 ? 'red' : undefined),
    paint(`${number(shed)} shed/s`, shed > 0 ? 'red' : undefined),
    `cache ${percent(hits / asked)} of ${bytes(cache.bytes)}`,
    `loop ${number(eventLoopDelayMs)} ms`,
    bytes(rssBytes),
  ].join(' · ')
}

function upstreamLines(
  upstream: UpstreamSnapshot,
  interval: Interval,
  window: Window,
  paint: Paint,
): string[] {
  const { name, algorithm, discovery, queueDepth, panic, servers } = upstream
  const grown = servers.map((server) =>
    interval.growth((one) => {
      const found = serverIn(one, name, server.name)
      return found === undefined ? 0 : sentTo(found)
    }),
  )
  const all = grown.reduce((total, count) => total + count, 0)
  const age =
    discovery.ageSeconds === null || discovery.state === 'static'
      ? ''
      : `, ${Math.round(discovery.ageSeconds)} s`
  const shed = interval.rate((one) => sum(upstreamIn(one, name)?.shed ?? {}))
  const facts = [
    paint(`${discovery.state}${age}`, discoveryStyles[discovery.state]),
    algorithm,
    `queue ${number(queueDepth)}`,
    `shed ${number(shed)}/s`,
    ...(panic ? [paint('panic: soundness is ignored', 'red')] : []),
  ]
  const head = `${paint(name, 'bold')}  ${facts.join(' · ')}`
  if (servers.length === 0) return [head, paint('  no servers', 'dim')]
  const rows = servers.map((server, index) => ({ server, traffic: (grown[index] as number) / all }))
  return [head, ...tableLines(serverColumns, rows, window.columns, paint)]
}

function stateOf({ state, ejectedForMs }: ServerSnapshot) {
  const text = state === 'ejected' ? `ejected ${Math.ceil(ejectedForMs / 1000)} s` : state
  return { text, style: stateStyles[state] }
}

function successOf({ successRate }: ServerSnapshot) {
  return { text: percent(successRate), style: successRate < 0.99 ? ('red' as const) : undefined }
}

function openOf({ connections: { active, idle, retiring } }: ServerSnapshot): number {
  return active + idle + retiring
}

function bar(share: number): string {
  return '█'.repeat(Number.isFinite(share) ? Math.round(share * barWidth) : 0).padEnd(barWidth)
}

/** Open connections, from new to old: as the dashboard shows them. */
function agesOf({ connections: { ages } }: ServerSnapshot): string {
  const most = Math.max(...ages)
  return ages
    .map((count) => (count === 0 ? ' ' : heights[Math.ceil((count / most) * heights.length) - 1]))
    .join('')
}

function eventLine({ at, kind, upstream, server, worker, detail }: LoggedEvent): string {
  const time = new Date(at).toTimeString().slice(0, 8)
  const who = kind.startsWith('worker_') ? worker : undefined
  const words = [kind.replaceAll('_', ' '), who, upstream, server, detail].filter(
    (word) => word !== undefined,
  )
  return `${time}  ${words.join(' ')}`
}
