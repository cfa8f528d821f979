import type { Origin, Setup } from '../gateways/gateway.ts'
import { headgate } from '../gateways/headgate.ts'
import { type RunningGateway, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import type { Load } from '../load/load.ts'
import { content } from '../origin/content.ts'
import { startOrigin } from '../origin/origin.ts'
import { median } from '../statistics.ts'
import type { Bench, Case, Row } from './case.ts'

/** The same work with little and with much of something. */
interface Growth {
  name: string
  counts: (bench: Bench) => [number, number]
  setup: (count: number, originPort: number) => Pick<Setup, 'origins'> & Partial<Setup>
  load: (count: number) => Pick<Load, 'path' | 'pathCount'>
  /** Ask for each path once before anything counts. */
  visitsAll?: boolean
}

const one = (port: number): Origin[] => [{ host: '127.0.0.1', port }]

const growths: readonly Growth[] = [
  {
    name: 'servers',
    counts: () => [2, 1000],
    setup: (count, port) => ({
      // All of 127/8 is this machine: as many servers as addresses, behind one listener.
      origins: Array.from({ length: count }, (_, index) => ({
        host: `127.1.${index >> 7}.${(index & 127) + 1}`,
        port,
      })),
    }),
    load: () => ({ path: content.small.path }),
  },
  {
    name: 'cache entries',
    counts: ({ pace }) => [10, pace.manyEntries],
    setup: (count, port) => ({ origins: one(port), cache: true, cacheEntries: count * 2 }),
    load: (count) => ({ path: `${content.assets.prefix}%d.css`, pathCount: count }),
    visitsAll: true,
  },
  {
    name: 'routes',
    counts: () => [1, 200],
    setup: (count, port) => ({
      origins: one(port),
      routes: count === 1 ? ['/'] : Array.from({ length: count }, (_, index) => `/area${index}`),
    }),
    load: () => ({ path: '/area%d/1k', pathCount: 200 }),
  },
]

export const growth: Case = {
  name: 'growth',
  title: 'Growth',
  method:
    'headgate alone, without access lines: the same load with few and with many servers (each an address of its own), ' +
    'stored responses (of 1 KB, asked for at random) and routes (asked for at random). The two take turns.',
  columns: [
    { key: 'few', title: 'few: CPU µs/request', digits: 1 },
    { key: 'many', title: 'many: CPU µs/request', digits: 1 },
    { key: 'growth', title: 'growth %', digits: 1 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  async run(bench) {
    if (!bench.isWanted('headgate')) return []
    const origin = await startOrigin(bench.newFolder('origin'))
    const rows: Row[] = []
    try {
      for (const one of growths) rows.push(await rowOf(bench, one, origin.port))
    } finally {
      await origin.stop()
    }
    return rows
  },
}

async function rowOf(bench: Bench, one: Growth, originPort: number): Promise<Row> {
  const [few, many] = one.counts(bench)
  const gateway = headgate({ name: 'headgate, no log', hasAccessLog: false })
  const version = gateway.version()
  const row: Row = { gateway: `${one.name}: ${few} to ${many}`, version, state: 'measured', values: {} }
  const field: { count: number; running: RunningGateway; costs: number[] }[] = []
  let errors = 0
  try {
    for (const count of [few, many]) {
      field.push({ count, running: await start(bench, gateway, one.setup(count, originPort)), costs: [] })
    }
    for (let round = 0; round <= bench.pace.rounds; round++) {
      for (const { count, running, costs } of field) {
        bench.progress(`growth: ${one.name}, ${count}, round ${round}`)
        const { connections, roundSeconds, warmUpSeconds } = bench.pace
        const seconds = round === 0 ? warmUpSeconds : roundSeconds
        const { port, child, setup } = running
        if (round === 0 && one.visitsAll === true) await visitAll(running, one.load(count), count)
        const before = child.usage().cpuMs
        const result = await drive({ ...one.load(count), port, connections, seconds }, setup.folder)
        if (round > 0) costs.push(((child.usage().cpuMs - before) * 1000) / result.requests)
        errors += result.errors
      }
    }
    const [low, high] = field.map(({ costs }) => median(costs)) as [number, number]
    row.values = { few: low, many: high, growth: (high / low - 1) * 100, errors }
  } catch (error) {
    row.state = 'failed'
    row.reason = (error as Error).message
  } finally {
    for (const { running } of field) await running.child.stop()
  }
  return row
}

/** Asks for every path at least once. */
async function visitAll({ port, setup }: RunningGateway, load: ReturnType<Growth['load']>, count: number) {
  const order = { ...load, port, connections: 16, isInOrder: true }
  // Each run begins at the first path: it has to be long enough for all.
  for (let seconds = 1; ; seconds *= 2) {
    const { requests } = await drive({ ...order, seconds }, setup.folder)
    if (requests > count) return
  }
}
