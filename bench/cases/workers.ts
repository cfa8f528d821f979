import { headgate } from '../gateways/headgate.ts'
import { type RunningGateway, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import { cpuBelow } from '../machine/proc-stat.ts'
import { content } from '../origin/content.ts'
import { startOrigin } from '../origin/origin.ts'
import { median, sum } from '../statistics.ts'
import type { Bench, Case, Row } from './case.ts'

/** One number of workers, and what was measured of it. */
interface Entry {
  count: number
  row: Row
  running: RunningGateway
  costs: number[]
  shares: number[]
}

const counts = [1, 2]

export const workers: Case = {
  name: 'workers',
  title: 'Workers',
  method:
    'headgate alone, with one process and with two workers and their primary, in turn: GET of 1 KB, 64 connections. All ' +
    'processes of the gateway run on one core, so that load and origin have the other: what counts is the CPU per request ' +
    'of all processes together, and which part of it the busier worker has. Where both stay as they are, two workers on ' +
    'two free cores serve twice as much.',
  columns: [
    { key: 'cpu', title: 'CPU µs/request', digits: 1 },
    { key: 'ratio', title: '× one process', digits: 2 },
    { key: 'busiest', title: 'busier worker %', digits: 0 },
    { key: 'gain', title: 'gain on free cores', digits: 2 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  async run(bench) {
    if (!bench.isWanted('headgate')) return []
    const origin = await startOrigin(bench.newFolder('origin'))
    const field: Entry[] = []
    try {
      for (const count of counts) {
        const name = count === 1 ? 'headgate, one process' : `headgate, ${count} workers`
        const gateway = headgate({ name, workers: count })
        const origins = [{ host: '127.0.0.1', port: origin.port }]
        const running = await start(bench, gateway, { origins })
        const row: Row = {
          gateway: name,
          version: gateway.version(),
          state: 'measured',
          values: { errors: 0 },
        }
        field.push({ count, row, running, costs: [], shares: [] })
      }
      for (let round = 0; round <= bench.pace.rounds; round++) {
        for (const entry of field) await measure(bench, entry, round)
      }
    } finally {
      for (const { running } of field) await running.child.stop()
      await origin.stop()
    }
    const [one] = field.map(({ costs }) => median(costs))
    for (const { row, costs, shares } of field) {
      const cpu = median(costs)
      const busiest = median(shares)
      const ratio = cpu / (one as number)
      // Whoever has most to do is done last; and what all do costs so much more than one alone.
      row.values = { ...row.values, cpu, ratio, busiest: busiest * 100, gain: 1 / (busiest * ratio) }
    }
    return field.map(({ row }) => row)
  },
}

async function measure(
  bench: Bench,
  { row, count, running, costs, shares }: Entry,
  round: number,
): Promise<void> {
  bench.progress(`${row.gateway}, round ${round}`)
  const { connections, roundSeconds, warmUpSeconds } = bench.pace
  const { port, child, setup } = running
  // Each worker learns for itself, in its part of the time.
  const seconds = round === 0 ? warmUpSeconds * count * 2 : roundSeconds
  const before = cpuBelow(child.pid)
  const { requests, errors } = await drive(
    { port, path: content.small.path, connections, seconds },
    setup.folder,
  )
  const spent = [...cpuBelow(child.pid)].map(([pid, cpuMs]) => cpuMs - (before.get(pid) ?? 0))
  if (round === 0) return
  costs.push((sum(spent) * 1000) / requests)
  shares.push(Math.max(...spent) / sum(spent))
  row.values.errors = (row.values.errors ?? 0) + errors
}
