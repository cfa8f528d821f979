import { fileURLToPath } from 'node:url'
import { balancers } from '../gateways/all.ts'
import type { Gateway, Origin } from '../gateways/gateway.ts'
import { type RunningGateway, rowOf, start } from '../gateways/running.ts'
import { calmest, type OpenResult, runOpenLoop } from '../load/open-load.ts'
import { Child } from '../machine/child.ts'
import type { BehaviourChange } from '../origin/slow-servers.ts'
import type { Bench, Case, Row } from './case.ts'

const script = fileURLToPath(new URL('../origin/slow-servers.ts', import.meta.url))

const servers = 10
const slots = 8
const workMs = 20
const load = 0.8
/** Requests a second that all servers together can just do. */
const capacity = (servers * slots * 1000) / workMs
/** Whatever happens, happens here, ms. */
const changeAtMs = 2000
const timeoutMs = 1000

interface Scenario {
  name: string
  /** Servers that are in the list from the start. */
  listed?: number
  /** What happens, and when. */
  changes?: readonly (BehaviourChange & { atMs: number })[]
  /** When the list has all servers, ms. */
  listsAllAtMs?: number
}

const scenarios: readonly Scenario[] = [
  { name: 'equal' },
  { name: 'one server 10x slow', changes: [{ atMs: changeAtMs, server: 0, factor: 10 }] },
  { name: 'one fails in 1 ms', changes: [{ atMs: changeAtMs, server: 0, isFailing: true }] },
  {
    name: 'cold join',
    listed: servers - 1,
    listsAllAtMs: changeAtMs,
    changes: [
      { atMs: 0, server: servers - 1, factor: 5 },
      { atMs: changeAtMs + 3000, server: servers - 1, factor: 1 },
    ],
  },
]

export const balancing: Case = {
  name: 'balancing',
  title: 'Ten servers at 80 % of what they can do',
  method:
    'Ten servers of 8 slots that work by sleeping, 20 ms in the mean (exponential); one trace of requests at random ' +
    'times, the same for all, latency from the time at which each was to be sent; 1 s is too long. What happens, ' +
    'happens after 2 s, and all from then on counts. A server that joins cold takes five times as long for 3 s.',
  columns: [
    { key: 'p50', title: 'p50 ms', digits: 1 },
    { key: 'p99', title: 'p99 ms', digits: 1 },
    { key: 'errors', title: 'errors %', digits: 3 },
    { key: 'failed', title: 'failed', digits: 0 },
    { key: 'timedOut', title: 'too long', digits: 0 },
    { key: 'lateness', title: 'generator p99 ms', digits: 2 },
  ],
  async run(bench) {
    const rows: Row[] = []
    for (const scenario of scenarios) {
      for (const gateway of balancers.filter(({ name }) => bench.isWanted(name))) {
        bench.progress(`balancing, ${scenario.name}: ${gateway.name}`)
        const row = await rowOf(gateway, async () =>
          summary(await calmest(() => measure(bench, scenario, gateway))),
        )
        rows.push({ ...row, group: scenario.name })
      }
    }
    return rows
  },
}

async function measure(bench: Bench, scenario: Scenario, gateway: Gateway): Promise<OpenResult> {
  const folder = bench.newFolder('servers')
  const args = [script, String(servers), String(slots)]
  const child = new Child({ role: 'load', command: process.execPath, args, folder, hasChannel: true })
  try {
    const { ports } = await child.receive<{ ports: number[] }>()
    const { listed = servers } = scenario
    const origins: Origin[] = ports.map((port, index) => ({
      host: '127.0.0.1',
      port,
      slots,
      isListed: index < listed,
    }))
    const running = await start(bench, gateway, { origins })
    try {
      return await play(bench, scenario, { running, servers: child, origins, folder })
    } finally {
      await running.child.stop()
    }
  } finally {
    await child.stop()
  }
}

interface Stage {
  running: RunningGateway
  servers: Child
  origins: readonly Origin[]
  folder: string
}

async function play(
  bench: Bench,
  { changes = [], listsAllAtMs }: Scenario,
  stage: Stage,
): Promise<OpenResult> {
  const { running, servers: child, origins, folder } = stage
  const warmUpSeconds = changeAtMs / 1000
  const seconds = warmUpSeconds + bench.pace.openSeconds
  // A first second of load lets programs and connections warm up, on a trace of its own.
  const common = {
    port: running.port,
    path: '/',
    rate: capacity * load,
    workMs,
    timeoutMs,
    connections: 2000,
  }
  await runOpenLoop({ ...common, rate: common.rate / 2, seconds: 1, seed: 1 }, folder)
  const timers = changes.map(({ atMs, ...change }) => setTimeout(() => child.send(change), atMs))
  let relisted: Promise<void> | undefined
  if (listsAllAtMs !== undefined) {
    const everyone = origins.map((origin) => ({ ...origin, isListed: true }))
    timers.push(
      setTimeout(() => {
        relisted = running.relist(everyone)
      }, listsAllAtMs),
    )
  }
  const result = await runOpenLoop({ ...common, seconds, seed: 11, warmUpSeconds }, folder)
  for (const timer of timers) clearTimeout(timer)
  await relisted
  return result
}

function summary({ sent, ok, failed, lost, timedOut, p50, p99, latenessP99 }: OpenResult): Row['values'] {
  return {
    p50,
    p99,
    errors: ((sent - ok) / sent) * 100,
    failed: failed + lost,
    timedOut,
    lateness: latenessP99,
  }
}
