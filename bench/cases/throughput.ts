import type { Gateway, Setup } from '../gateways/gateway.ts'
import { type RunningGateway, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import type { Load, LoadResult } from '../load/load.ts'
import { type RunningOrigin, startOrigin } from '../origin/origin.ts'
import { median, sum } from '../statistics.ts'
import type { Bench, Column, Row } from './case.ts'

export interface ThroughputOptions {
  gateways: readonly Gateway[]
  load: Omit<Load, 'port' | 'connections' | 'seconds'> & { connections?: number }
  /** The least that an answer weighs, bytes. */
  answerBytes: number
  setup?: Partial<Setup>
  /** The gateway must answer without asking the origin. */
  isStored?: boolean
}

/** An origin that is asked takes more than this for each request, ms. */
const originMs = 0.002

/** One round of one gateway. */
interface Sample extends LoadResult {
  cpuMs: number
  rssBytes: number
}

export const throughputColumns: readonly Column[] = [
  { key: 'cpu', title: 'CPU µs/request', digits: 1 },
  { key: 'ratio', title: '× nginx', digits: 2 },
  { key: 'rate', title: 'requests/s', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'memory', title: 'memory MB', digits: 0 },
  { key: 'errors', title: 'errors', digits: 0 },
]

/**
 * As many requests as a gateway can take, all gateways in turn, round after round: whatever disturbs the machine for a
 * while disturbs them alike.
 */
export async function compareThroughput(bench: Bench, options: ThroughputOptions): Promise<Row[]> {
  const origin = await startOrigin(bench.newFolder('origin'))
  const rows: Row[] = []
  const field: { row: Row; running: RunningGateway; samples: Sample[] }[] = []
  for (const gateway of options.gateways.filter(({ name }) => bench.isWanted(name))) {
    const row: Row = { gateway: gateway.name, version: gateway.version(), state: 'measured', values: {} }
    rows.push(row)
    if (row.version === undefined) row.state = 'not installed'
    else {
      await attempt(row, async () => {
        const origins = [{ host: '127.0.0.1', port: origin.port }]
        const running = await start(bench, gateway, { origins, ...options.setup })
        field.push({ row, running, samples: [] })
      })
    }
  }
  try {
    for (let round = 0; round <= bench.pace.rounds; round++) {
      for (const { row, running, samples } of field.filter(({ row: { state } }) => state === 'measured')) {
        bench.progress(`${round === 0 ? 'warming up' : `round ${round}`}: ${row.gateway}`)
        await attempt(row, async () => {
          const sample = await measure(bench, origin, running, options, round === 0)
          if (round > 0) samples.push(sample)
        })
      }
    }
  } finally {
    for (const { running } of field) await running.child.stop()
    await origin.stop()
  }
  for (const { row, samples } of field) if (row.state === 'measured') row.values = summary(samples)
  addRatios(rows, options.gateways)
  return rows
}

async function measure(
  bench: Bench,
  origin: RunningOrigin,
  { port, child, setup }: RunningGateway,
  { load, answerBytes, isStored = false }: ThroughputOptions,
  isWarmUp: boolean,
): Promise<Sample> {
  const { connections, roundSeconds, warmUpSeconds } = bench.pace
  const before = child.usage()
  const originBefore = origin.cpuMs()
  const seconds = isWarmUp ? warmUpSeconds : roundSeconds
  const result = await drive({ connections, ...load, port, seconds }, setup.folder)
  const after = child.usage()
  if (child.hasEnded) throw new Error(`it has ended: ${child.complaint}`)
  const originCost = (origin.cpuMs() - originBefore) / result.requests
  if (result.requests === 0) throw new Error('it answers nothing')
  if (result.bytes / result.requests < answerBytes) throw new Error('its answers are too short')
  if (isStored && !isWarmUp && originCost > originMs)
    throw new Error('it asks the origin for what it has stored')
  return { ...result, cpuMs: after.cpuMs - before.cpuMs, rssBytes: after.rssBytes }
}

function summary(samples: readonly Sample[]): Row['values'] {
  const middle = (value: (sample: Sample) => number) => median(samples.map(value))
  return {
    cpu: middle(({ cpuMs, requests }) => (cpuMs * 1000) / requests),
    rate: middle(({ requests, seconds }) => requests / seconds),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    memory: middle(({ rssBytes }) => rssBytes / 1e6),
    errors: sum(samples.map(({ errors }) => errors)),
  }
}

/** CPU per request as a multiple of that of nginx with the same amount of logging. */
function addRatios(rows: readonly Row[], gateways: readonly Gateway[]): void {
  const cpuOf = (name: string) => rows.find(({ gateway }) => gateway === name)?.values.cpu
  for (const { gateway, values } of rows) {
    const { baseline = 'nginx' } = gateways.find(({ name }) => name === gateway) ?? {}
    const reference = cpuOf(baseline) ?? cpuOf('nginx')
    if (values.cpu !== undefined && reference !== undefined) values.ratio = values.cpu / reference
  }
}

async function attempt(row: Row, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    row.state = 'failed'
    row.reason = (error as Error).message
  }
}
