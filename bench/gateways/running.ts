import type { Bench, Row } from '../cases/case.ts'
import { Child } from '../machine/child.ts'
import { freePort, isListening } from '../machine/ports.ts'
import type { Gateway, Setup } from './gateway.ts'

/** A gateway that serves. */
export interface RunningGateway {
  gateway: Gateway
  setup: Setup
  port: number
  child: Child
  /** Gives it another list of servers. */
  relist(origins: Setup['origins']): Promise<void>
}

const startWithinMs = 30_000

/** Starts a gateway on a free port. Throws with what it complained of where it does not serve. */
export async function start(
  bench: Bench,
  gateway: Gateway,
  options: Omit<Setup, 'port' | 'adminPort' | 'folder'>,
): Promise<RunningGateway> {
  const folder = bench.newFolder(gateway.name)
  const setup: Setup = { ...options, folder, port: await freePort(), adminPort: await freePort() }
  const child = new Child({ role: 'gateway', folder, ...gateway.launch(setup) })
  if (!(await isListening(setup.port, startWithinMs, () => child.hasEnded))) {
    await child.stop()
    throw new Error(`it does not start: ${child.complaint}`)
  }
  return {
    gateway,
    setup,
    port: setup.port,
    child,
    async relist(origins) {
      await gateway.relist?.({ ...setup, origins }, (name) => child.signal(name))
    },
  }
}

/**
 * Runs a measurement on each gateway that is wanted and installed. What is missing, or fails, gets a row that says so.
 */
export async function forEach(
  bench: Bench,
  gateways: readonly Gateway[],
  measure: (gateway: Gateway) => Promise<Row['values']>,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const gateway of gateways.filter(({ name }) => bench.isWanted(name))) {
    rows.push(await rowOf(gateway, () => measure(gateway)))
  }
  return rows
}

export async function rowOf(gateway: Gateway, measure: () => Promise<Row['values']>): Promise<Row> {
  const version = gateway.version()
  const row = { gateway: gateway.name, version, values: {} }
  if (version === undefined) return { ...row, state: 'not installed' }
  try {
    return { ...row, state: 'measured', values: await measure() }
  } catch (error) {
    return { ...row, state: 'failed', reason: (error as Error).message }
  }
}
