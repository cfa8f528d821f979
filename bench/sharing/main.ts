/*
 * How processes can share a port: how evenly connections spread, what one costs, and what a process that is killed
 * takes with it. What docs/decisions/0010-workers.md goes by.
 *
 *   node bench/sharing/main.ts
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { freePort } from '../machine/ports.ts'
import { usageOf } from '../machine/proc-stat.ts'
import { median } from '../statistics.ts'

const script = new URL('server.ts', import.meta.url).pathname
const ways = ['round-robin', 'shared', 'reuse-port'] as const
const rounds = 4
const answerWithinMs = 2_000

interface Running {
  child: ChildProcess
  port: number
  pids: number[]
}

async function start(way: string): Promise<Running> {
  const port = await freePort()
  const child = fork(script, [way, String(port)])
  const [pids] = (await once(child, 'message')) as [number[]]
  return { child, port, pids }
}

async function stop({ child }: Running): Promise<void> {
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}

/** Asks on a connection of its own. Resolves with who answered; undefined where nobody did. */
function ask(port: number, keepOpen?: net.Socket[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    const end = (answer?: string) => {
      clearTimeout(timer)
      if (keepOpen === undefined || answer === undefined) socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, answerWithinMs)
    keepOpen?.push(socket)
    socket.on('error', () => end())
    socket.on('close', () => end())
    socket.on('data', (chunk) => {
      text += chunk
      const body = /\r\n\r\n(?:\w+\r\n)?(\d+)/.exec(text)?.[1]
      if (body !== undefined) end(body)
    })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  })
}

/** The share of the busier of two processes, of so many connections that are opened at once. */
async function largestShare(port: number, count: number): Promise<number> {
  const sockets: net.Socket[] = []
  const answers = await Promise.all(Array.from({ length: count }, () => ask(port, sockets)))
  for (const socket of sockets) socket.destroy()
  const counts = new Map<string | undefined, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return Math.max(...counts.values()) / count
}

/** CPU time of all processes of the server for one connection with one request, in microseconds. */
async function cost({ child, port }: Running, connections: number): Promise<number> {
  const before = usageOf(child.pid as number)?.cpuMs ?? Number.NaN
  let left = connections
  const client = async () => {
    while (left-- > 0) await ask(port)
  }
  await Promise.all(Array.from({ length: 16 }, client))
  return (((usageOf(child.pid as number)?.cpuMs ?? Number.NaN) - before) * 1000) / connections
}

/** Of new connections at 300 a second, how many had no answer, once a process was killed in the midst. */
async function lost({ port, pids }: Running): Promise<number> {
  const asked: Promise<string | undefined>[] = []
  for (let count = 0; count < 300; count++) {
    asked.push(ask(port))
    if (count === 150) process.kill(pids[0] as number, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  return (await Promise.all(asked)).filter((answer) => answer === undefined).length
}

const found = new Map(
  ways.map((way) => [
    way,
    { of64: [] as number[], of1000: [] as number[], cost: [] as number[], lost: [] as number[] },
  ]),
)
for (let round = 0; round < rounds; round++) {
  for (const way of ways) {
    const results = found.get(way)!
    const running = await start(way)
    results.of64.push(await largestShare(running.port, 64))
    results.of1000.push(await largestShare(running.port, 1000))
    results.cost.push(await cost(running, 1000))
    results.lost.push(await lost(running))
    await stop(running)
  }
}
const percent = (share: number) => `${(share * 100).toFixed(0)} %`
for (const [way, { of64, of1000, cost, lost }] of found) {
  console.log(
    `${way.padEnd(12)} of 64: ${percent(median(of64))} (worst ${percent(Math.max(...of64))}), of 1000: ${percent(median(of1000))} (worst ${percent(Math.max(...of1000))}), ` +
      `${median(cost).toFixed(0)} µs a connection, lost at a death: ${lost.join(' ')} of 300`,
  )
}
