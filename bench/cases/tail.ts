import { gateways } from '../gateways/all.ts'
import type { Gateway } from '../gateways/gateway.ts'
import { forEach, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import { calmest, runOpenLoop } from '../load/open-load.ts'
import { content } from '../origin/content.ts'
import { startOrigin } from '../origin/origin.ts'
import type { Bench, Case, Row } from './case.ts'

const share = 0.6
const warmUpSeconds = 1

export const tail: Case = {
  name: 'tail',
  title: 'Latency at 60 % of each gateway’s own maximum',
  method:
    'The maximum is found with 64 connections in a closed loop; then requests for 1 KB come at 60 % of that rate at ' +
    'random times (Poisson), and latency counts from the time at which each was to be sent.',
  columns: [
    { key: 'p99', title: 'p99 ms', digits: 2 },
    { key: 'p50', title: 'p50 ms', digits: 2 },
    { key: 'max', title: 'max ms', digits: 1 },
    { key: 'rate', title: 'requests/s', digits: 0 },
    { key: 'lateness', title: 'generator p99 ms', digits: 2 },
    { key: 'errors', title: 'errors', digits: 0 },
  ],
  chart: 'p99',
  async run(bench) {
    const origin = await startOrigin(bench.newFolder('origin'))
    try {
      return await forEach(bench, gateways, (gateway) => measure(bench, gateway, origin.port))
    } finally {
      await origin.stop()
    }
  },
}

async function measure(bench: Bench, gateway: Gateway, originPort: number): Promise<Row['values']> {
  const { pace, newFolder } = bench
  const folder = newFolder('load')
  bench.progress(`tail: ${gateway.name}`)
  const { port, child } = await start(bench, gateway, { origins: [{ host: '127.0.0.1', port: originPort }] })
  try {
    const { path } = content.small
    const { connections, warmUpSeconds: learning } = pace
    await drive({ port, path, connections, seconds: learning }, folder)
    const most = await drive({ port, path, connections, seconds: pace.roundSeconds }, folder)
    const rate = (most.requests / most.seconds) * share
    const seconds = pace.openSeconds + warmUpSeconds
    const load = { port, path, rate, seconds, warmUpSeconds, seed: 7, connections: 256 }
    const { p50, p99, max, latenessP99, sent, ok } = await calmest(() => runOpenLoop(load, folder))
    return { p50, p99, max, rate, lateness: latenessP99, errors: sent - ok }
  } finally {
    await child.stop()
  }
}
