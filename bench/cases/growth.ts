import type { Gateway, Origin, Setup } from '../gateways/gateway.ts'
import { haproxy } from '../gateways/haproxy.ts'
import { headgate } from '../gateways/headgate.ts'
import { nginx } from '../gateways/nginx.ts'
import { type RunningGateway, rowOf, start } from '../gateways/running.ts'
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

const gateways: readonly Gateway[] = [
  nginx({ name: 'nginx, no log', hasAccessLog: false }),
  haproxy({ name: 'haproxy' }),
  headgate({ name: 'headgate, no log', hasAccessLog: false }),
]

export const growth: Case = {
  name: 'growth',
  title: 'Growth',
  method:
    'Without access lines: the same load with few and with many servers (each an address of its own), stored ' +
    'responses (of 1 KB, asked for at random) and routes (asked for at random). The two take turns. Many servers are ' +
    'also many connections that are used seldom, and many responses are memory that no cache of the processor holds: ' +
    'what the others grow by tells how much of it is that.',
  columns: [
    { key: 'few', title: 'few: CPU µs/request', digits: 1 },
    { key: 'many', title: 'many: CPU µs/request', digits: 1 },
    { key: 'growth', title: 'growth %', digits: 1 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  async run(bench) {
    const origin = await startOrigin(bench.newFolder('origin'))
    const rows: Row[] = []
    try {
      for (const one of growths) {
        const [few, many] = one.counts(bench)
        for (const gateway of gateways.filter(({ name }) => bench.isWanted(name))) {
          const row = await rowOf(gateway, () => measure(bench, one, gateway, origin.port))
          rows.push({ ...row, group: `${one.name}: ${few} to ${many}` })
        }
      }
    } finally {
      await origin.stop()
    }
    return rows
  },
}

async function measure(
  bench: Bench,
  one: Growth,
  gateway: Gateway,
  originPort: number,
): Promise<Row['values']> {
  const field: { count: number; running: RunningGateway; costs: number[] }[] = []
  let errors = 0
  try {
    for (const count of one.counts(bench)) {
      field.push({ count, running: await start(bench, gateway, one.setup(count, originPort)), costs: [] })
    }
    for (let round = 0; round <= bench.pace.rounds; round++) {
      for (const { count, running, costs } of field) {
        bench.progress(`growth: ${one.name}, ${gateway.name}, ${count}, round ${round}`)
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
    const [few, many] = field.map(({ costs }) => median(costs)) as [number, number]
    return { few, many, growth: (many / few - 1) * 100, errors }
  } finally {
    for (const { running } of field) await running.child.stop()
  }
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
