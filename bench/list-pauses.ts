/**
 * For how long a list of servers keeps the event loop to itself, on its whole way: from the agent's frame to the last
 * server that can be chosen, with log, and connections on demand, as the gateway runs.
 *
 * The garbage collector stops everything when it chooses to; each turn of the event loop is given with it and without.
 * Lists go around, and the fastest of five rounds counts: what other processes take hits another one each time. The first
 * list of all comes once, while the code is cold.
 *
 *     node bench/list-pauses.ts [servers, default 10000]
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { createGateway } from '../src/gateway.ts'
import { table } from './report/table.ts'

const servers = Number(process.argv[2] ?? 10_000)
const rounds = 5
/** A list has gone its whole way within this time. */
const takesMs = 1500
/** Turns that are shorter are no pause, milliseconds. */
const leastMs = 0.1

/** So many items of the agent's list, from this one on. */
function listFrom(first: number, score: (index: number) => number): Buffer {
  const items = Array.from({ length: servers }, (_, index) => {
    const number = first + index
    const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
    return { dns_name: address, score: score(number), utilization_category: 'LU' }
  })
  return Buffer.from(JSON.stringify(items))
}

/** The longest turn of the event loop with the garbage collector and without it, milliseconds. */
interface Pause {
  whole: number
  own: number
}

/** Milliseconds on the clock of `performance`. */
interface Span {
  from: number
  to: number
}

const collections: Span[] = []
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    collections.push({ from: startTime, to: startTime + duration })
}).observe({ entryTypes: ['gc'] })

/** What some work does to the event loop. */
async function longestTurn(work: () => void): Promise<Pause> {
  globalThis.gc?.()
  await sleep(100)
  collections.length = 0
  const turns: Span[] = []
  let last = performance.now()
  let isOver = false
  const turn = () => {
    const now = performance.now()
    if (now - last > leastMs) turns.push({ from: last, to: now })
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  work()
  await sleep(takesMs)
  isOver = true
  const lengths = turns.map((turn) => {
    const whole = turn.to - turn.from
    return { whole, own: whole - collections.reduce((sum, collection) => sum + overlap(turn, collection), 0) }
  })
  return {
    whole: Math.max(leastMs, ...lengths.map(({ whole }) => whole)),
    own: Math.max(leastMs, ...lengths.map(({ own }) => own)),
  }
}

function overlap(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from))
}

const agent = new WebSocketServer({ host: '127.0.0.1', port: 0 })
await once(agent, 'listening')
const { port } = agent.address() as AddressInfo
const gateway = await createGateway(
  {
    upstreams: { app: { discovery: { kind: 'agent', url: `ws://127.0.0.1:${port}/ws`, port: 5000 } } },
    routes: [{ path: '/', upstream: 'app' }],
  },
  { logger: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })) },
)
const [socket] = (await once(agent, 'connection')) as [WebSocket]
await gateway.ready()
const upstream = gateway.upstreams.get('app')!

/** Whether the upstream has come to what a list says. */
function isApplied(list: Buffer): boolean {
  const items = JSON.parse(list.toString()) as { dns_name: string; score: number }[]
  const scores = new Map(items.map(({ dns_name, score }) => [`${dns_name}:5000`, score]))
  const known = [...upstream.servers]
  return known.length === scores.size && known.every(({ name, score }) => scores.get(name) === score)
}

const first = listFrom(0, (number) => 1 + (number % 97))
const lists: [string, Buffer][] = [
  ['the same servers, another score each', listFrom(0, (number) => 1 + (number % 89))],
  ['half of them replaced', listFrom(servers / 2, () => 50)],
  ['all of them replaced', listFrom(servers * 2, () => 50)],
  ['the first ones again', first],
]

async function apply(name: string, list: Buffer): Promise<Pause> {
  const pause = await longestTurn(() => socket.send(list, { binary: false }))
  if (!isApplied(list)) throw new Error(`${name}: it was not applied within ${takesMs} ms`)
  return pause
}

await longestTurn(() => {})
const pauses = new Map([
  ['an idle event loop', await longestTurn(() => {})],
  ['the first list', await apply('the first list', first)],
])
for (let round = 0; round < rounds; round++) {
  for (const [name, list] of lists) {
    const pause = await apply(name, list)
    if (pause.own < (pauses.get(name)?.own ?? Number.POSITIVE_INFINITY)) pauses.set(name, pause)
  }
}
const rows = [...pauses].map(([name, { own, whole }]) => [name, own.toFixed(2), whole.toFixed(2)])
console.log(`The longest turn of the event loop with ${servers} servers:\n`)
console.log(table(['a list', 'ms', 'ms with the garbage collector'], rows))
await gateway.close()
agent.close()
socket.terminate()
