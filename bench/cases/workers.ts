import { headgate } from '../gateways/headgate.ts'
import { type RunningGateway, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import { cpuBelow } from '../machine/proc-stat.ts'
import { content } from '../origin/content.ts'
import { startOrigin } from '../origin/origin.ts'
import { median, sum } from '../statistics.ts'
import type { Bench, Case, Row } from './case.ts'

/** Processes that serve in one way, and what was measured of them. */
interface Entry {
  row: Row
  /** Gateways that know nothing of one another share the connections. */
  running: RunningGateway[]
  costs: number[]
  shares: number[]
}

/** Gateways beside one another, and workers of each. */
const ways = [
  { name: 'headgate, one process', gateways: 1, workers: 1 },
  { name: 'headgate, two apart', gateways: 2, workers: 1 },
  { name: 'headgate, 2 workers', gateways: 1, workers: 2 },
] as const

export const workers: Case = {
  name: 'workers',
  title: 'Workers',
  method:
    'headgate alone, in turn: one process; two gateways that know nothing of one another, each with half of the ' +
    'connections; two workers and their primary. GET of 1 KB, 64 connections. All run on one core, so that load and ' +
    'origin have the other. There two processes get in the way of one another, whoever they are: what workers cost is ' +
    'told by the two apart. The gain on free cores comes of that, and of the part of the work that the busier one has.',
  columns: [
    { key: 'cpu', title: 'CPU µs/request', digits: 1 },
    { key: 'ratio', title: '× two apart', digits: 2 },
    { key: 'busiest', title: 'busier process %', digits: 0 },
    { key: 'gain', title: 'gain on free cores', digits: 2 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  async run(bench) {
    if (!bench.isWanted('headgate')) return []
    const origin = await startOrigin(bench.newFolder('origin'))
    const origins = [{ host: '127.0.0.1', port: origin.port }]
    const field: Entry[] = []
    try {
      for (const { name, gateways, workers } of ways) {
        const gateway = headgate({ name, workers })
        const row: Row = {
          gateway: name,
          version: gateway.version(),
          state: 'measured',
          values: { errors: 0 },
        }
        const running: RunningGateway[] = []
        field.push({ row, running, costs: [], shares: [] })
        for (let count = 0; count < gateways; count++) running.push(await start(bench, gateway, { origins }))
      }
      for (let round = 0; round <= bench.pace.rounds; round++) {
        for (const entry of field) await measure(bench, entry, round)
      }
    } finally {
      for (const { child } of field.flatMap(({ running }) => running)) await child.stop()
      await origin.stop()
    }
    const [, apart] = field.map(({ costs }) => median(costs)) as [number, number, number]
    for (const { row, costs, shares } of field) {
      const cpu = median(costs)
      const busiest = median(shares)
      row.values = { ...row.values, cpu, ratio: cpu / apart, busiest: busiest * 100 }
      // Whoever has most to do is done last; and what all do costs so much more than what each does alone.
      if (row.gateway === 'headgate, 2 workers') row.values.gain = apart / (busiest * cpu)
    }
    return field.map(({ row }) => row)
  },
}

async function measure(bench: Bench, { row, running, costs, shares }: Entry, round: number): Promise<void> {
  bench.progress(`${row.gateway}, round ${round}`)
  const { connections, roundSeconds, warmUpSeconds } = bench.pace
  // Each process learns for itself, in its part of the time.
  const load = {
    path: content.small.path,
    connections: connections / running.length,
    seconds: round === 0 ? warmUpSeconds * 4 : roundSeconds,
  }
  const before = running.map(({ child }) => cpuBelow(child.pid))
  const results = await Promise.all(running.map(({ port, setup }) => drive({ ...load, port }, setup.folder)))
  const spent = running.flatMap(({ child }, index) =>
    [...cpuBelow(child.pid)].map(([pid, cpuMs]) => cpuMs - (before[index]?.get(pid) ?? 0)),
  )
  if (round === 0) return
  costs.push((sum(spent) * 1000) / sum(results.map(({ requests }) => requests)))
  shares.push(Math.max(...spent) / sum(spent))
  row.values.errors = (row.values.errors ?? 0) + sum(results.map(({ errors }) => errors))
}
