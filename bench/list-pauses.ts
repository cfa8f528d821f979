/**
 * For how long a list of servers keeps the event loop to itself, on its whole way: from the agent's frame to the last
 * server that can be chosen, with log, and connections on demand, as the gateway runs. The agent has a thread of its own.
 *
 * Each turn of the event loop is measured in processor time of its thread, which other processes do not add to; the garbage
 * collector does. Lists go around. The first one of all comes once, while the code is cold.
 *
 *     node bench/list-pauses.ts [servers, default 10000]
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { pino } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { setFlag } from '../src/engine.ts'
import { createGateway } from '../src/gateway.ts'
import { table } from './report/table.ts'

interface List {
  /** The number of its first server; the others follow. */
  first: number
  /** Scores run from 1 to this, again and again. */
  greatestScore: number
}

interface Item {
  dns_name: string
  score: number
  utilization_category: string
}

const servers = Number(process.argv[2] ?? 10_000)
const rounds = 5
/** A list has gone its whole way within this time. */
const takesMs = 1500

const firstList: List = { first: 0, greatestScore: 97 }
const lists: [string, List][] = [
  ['the same servers, another score each', { first: 0, greatestScore: 89 }],
  ['the same once more', { first: 0, greatestScore: 89 }],
  ['half of them replaced', { first: servers / 2, greatestScore: 50 }],
  ['all of them replaced', { first: servers * 2, greatestScore: 50 }],
  ['the first ones again', firstList],
]

if (isMainThread) await measureLists()
else await serveLists()

function itemsOf({ first, greatestScore }: List): Item[] {
  return Array.from({ length: servers }, (_, index) => {
    const number = first + index
    const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
    return { dns_name: address, score: 1 + (number % greatestScore), utilization_category: 'LU' }
  })
}

/** The agent: tells its port, and then sends the lists that it is told of. */
async function serveLists(): Promise<void> {
  const agent = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(agent, 'listening')
  parentPort!.postMessage((agent.address() as AddressInfo).port)
  const [socket] = (await once(agent, 'connection')) as [WebSocket]
  parentPort!.on('message', (list: List) => socket.send(JSON.stringify(itemsOf(list))))
}

async function measureLists(): Promise<void> {
  setFlag(process.versions.v8)
  const agent = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) })
  const [port] = (await once(agent, 'message')) as [number]
  const gateway = await createGateway(
    {
      upstreams: { app: { discovery: { kind: 'agent', url: `ws://127.0.0.1:${port}/ws`, port: 5000 } } },
      routes: [{ path: '/', upstream: 'app' }],
    },
    { logger: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })) },
  )
  await gateway.ready()

  /** Whether the upstream has come to what a list says. */
  function isApplied(list: List): boolean {
    const scores = new Map(itemsOf(list).map(({ dns_name, score }) => [`${dns_name}:5000`, score]))
    const known = [...gateway.upstreams.get('app')!.servers]
    return known.length === scores.size && known.every(({ name, score }) => scores.get(name) === score)
  }

  async function apply(name: string, list: List): Promise<number> {
    const pause = await longestTurn(() => agent.postMessage(list))
    if (!isApplied(list)) throw new Error(`${name}: it was not applied within ${takesMs} ms`)
    return pause
  }

  // The first measurement would find itself: what it needs is compiled with it.
  await longestTurn(() => {})
  const pauses = new Map([
    ['an idle event loop', [await longestTurn(() => {})]],
    ['the first list', [await apply('the first list', firstList)]],
    ...lists.map(([name]): [string, number[]] => [name, []]),
  ])
  for (let round = 0; round < rounds; round++) {
    for (const [name, list] of lists) pauses.get(name)!.push(await apply(name, list))
  }
  const rows = Array.from(pauses, ([name, all]) => {
    all.sort((a, b) => a - b)
    return [name, ...[all[all.length >> 1]!, all.at(-1)!].map((ms) => ms.toFixed(2))]
  })
  console.log(`The longest turn of the event loop with ${servers} servers, ms of CPU:\n`)
  console.log(table(['a list', 'median', 'worst'], rows))
  await gateway.close()
  await agent.terminate()
}

/** The longest turn of the event loop from some work on, milliseconds of processor time. */
async function longestTurn(work: () => void): Promise<number> {
  await sleep(100)
  let longest = 0
  let isOver = false
  let last = cpuMs()
  const turn = () => {
    const now = cpuMs()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  work()
  await sleep(takesMs)
  isOver = true
  return longest
}

/** Processor time of this thread. Linux keeps it in ticks of some ms, unless the whole process has just been asked about. */
function cpuMs(): number {
  process.cpuUsage()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
