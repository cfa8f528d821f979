import { fileURLToPath } from 'node:url'
import { recyclers } from '../gateways/all.ts'
import type { Gateway } from '../gateways/gateway.ts'
import { forEach, start } from '../gateways/running.ts'
import { runOpenLoop } from '../load/open-load.ts'
import { Child } from '../machine/child.ts'
import { freePort } from '../machine/ports.ts'
import type { MachineCounts } from '../origin/machines.ts'
import { imbalance } from '../statistics.ts'
import type { Bench, Case, Row } from './case.ts'
import { type Interval, largestBurst, served, timeToEven } from './evenness.ts'

const script = fileURLToPath(new URL('../origin/machines.ts', import.meta.url))

const machinesBefore = 2
const machinesAfter = 4
const maxAge = 4000
/** 60 requests are under way at one time, so that a connection more or less is no great matter. */
const rate = 1000
const workMs = 60
/** Just after an age is over: those who part from all their connections at once have just done so. */
const settleMs = 4500
const intervalMs = 100
const windowMs = 1000

export const recycling: Case = {
  name: 'recycling',
  title: 'Even load after two machines join behind one address',
  method:
    'Two machines behind one balancing address, which gives each new connection to the next machine; 1 000 requests a ' +
    'second of 60 ms each; two more machines join. Even is where the busiest of the four carries at most 1.15 times ' +
    'the mean over a second, and it stays so. The age of connections is 4 s where there is such an option.',
  columns: [
    { key: 'even', title: 'even after s', digits: 1 },
    { key: 'atAge', title: 'busiest × mean after 4 s', digits: 2 },
    { key: 'atEnd', title: '... at the end', digits: 2 },
    { key: 'opened', title: 'connections opened/s', digits: 1 },
    { key: 'burst', title: 'most in 100 ms', digits: 0 },
    { key: 'p99', title: 'p99 ms', digits: 1 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  run: (bench) => forEach(bench, recyclers, (gateway) => measure(bench, gateway)),
}

async function measure(bench: Bench, gateway: Gateway): Promise<Row['values']> {
  bench.progress(`recycling: ${gateway.name}`)
  const folder = bench.newFolder('machines')
  const port = await freePort()
  const args = [script, String(port), String(machinesBefore), String(workMs)]
  const machines = new Child({ role: 'load', command: process.execPath, args, folder, hasChannel: true })
  await machines.receive()
  const origins = [{ host: '127.0.0.1', port }]
  try {
    const { port: front, child } = await start(bench, gateway, { origins, maxAge })
    try {
      const watchMs = bench.pace.watchSeconds * 1000
      const seconds = (settleMs + watchMs) / 1000
      const load = runOpenLoop({ port: front, path: '/', rate, seconds, seed: 3, isEven: true }, folder)
      await pause(settleMs)
      const intervals = await watch(machines, watchMs - 2 * intervalMs)
      const { sent, ok, p99 } = await load
      const opened = intervals.reduce((total, { connections }) => total + sumOf(connections), 0)
      return {
        even: timeToEven(intervals, windowMs) / 1000,
        atAge: imbalance(served(intervals, maxAge, maxAge + windowMs)),
        atEnd: imbalance(served(intervals, watchMs - 2 * windowMs, watchMs)),
        opened: opened / (watchMs / 1000),
        burst: largestBurst(intervals),
        p99,
        errors: sent - ok,
      }
    } finally {
      await child.stop()
    }
  } finally {
    await machines.stop()
  }
}

/** Lets two machines join, and notes what each does from then on. */
async function watch(machines: Child, ms: number): Promise<Interval[]> {
  await countsOf(machines)
  machines.send({ machines: machinesAfter })
  const joinedAt = performance.now()
  const intervals: Interval[] = []
  for (let at = intervalMs; at <= ms; at += intervalMs) {
    await pause(joinedAt + at - performance.now())
    const { requests, connections } = await countsOf(machines)
    intervals.push({ atMs: at, requests, connections })
  }
  return intervals
}

function countsOf(machines: Child): Promise<MachineCounts> {
  const answer = machines.receive<MachineCounts>()
  machines.send({ ask: 'counts' })
  return answer
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
