/**
 * For how long a list of servers keeps the event loop to itself, on its whole way: from the agent's frame to the last
 * server that can be chosen, with log, and connections on demand, as the gateway runs.
 *
 * Each turn of the event loop is measured in processor time of its thread, which other processes do not add to, and in
 * wall-clock time, which they do. The garbage collector is in both.
 *
 *     node bench/list-pauses.ts [servers, default 10000]
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { createGateway } from '../src/gateway.ts'
import { table } from './report/table.ts'

const servers = Number(process.argv[2] ?? 10_000)
/** A list has gone its whole way within this time. */
const takesMs = 1500

/** So many items of the agent's list, from this one on. */
function listFrom(first: number, score: (index: number) => number): Buffer {
  const items = Array.from({ length: servers }, (_, index) => {
    const number = first + index
    const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
    return { dns_name: address, score: score(number), utilization_category: 'LU' }
  })
  return Buffer.from(JSON.stringify(items))
}

/** The longest turns of the event loop from some work on, milliseconds. */
async function longestTurns(work: () => void): Promise<{ cpu: number; wall: number }> {
  globalThis.gc?.()
  await sleep(100)
  let cpu = 0
  let wall = 0
  let isOver = false
  let lastCpu = cpuMs()
  let lastWall = performance.now()
  const turn = () => {
    const nowCpu = cpuMs()
    const nowWall = performance.now()
    cpu = Math.max(cpu, nowCpu - lastCpu)
    wall = Math.max(wall, nowWall - lastWall)
    lastCpu = nowCpu
    lastWall = nowWall
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  work()
  await sleep(takesMs)
  isOver = true
  return { cpu, wall }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
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

const lists: [string, Buffer][] = [
  ['the first list', listFrom(0, (number) => 1 + (number % 97))],
  ['the same servers, another score each', listFrom(0, (number) => 1 + (number % 89))],
  ['half of them replaced', listFrom(servers / 2, () => 50)],
  ['all of them replaced', listFrom(servers * 2, () => 50)],
  ['the first ones again', listFrom(0, () => 50)],
]

const idle = await longestTurns(() => {})
const rows = [['an idle event loop', idle.cpu.toFixed(2), idle.wall.toFixed(2)]]
for (const [name, list] of lists) {
  const { cpu, wall } = await longestTurns(() => socket.send(list, { binary: false }))
  if (!isApplied(list)) throw new Error(`${name}: it was not applied within ${takesMs} ms`)
  rows.push([name, cpu.toFixed(2), wall.toFixed(2)])
}
console.log(`The longest turn of the event loop with ${servers} servers:\n`)
console.log(table(['a list', 'ms of CPU', 'ms'], rows))
await gateway.close()
agent.close()
socket.terminate()
