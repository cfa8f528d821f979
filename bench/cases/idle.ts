import { fileURLToPath } from 'node:url'
import { gateways } from '../gateways/all.ts'
import type { Gateway } from '../gateways/gateway.ts'
import { forEach, start } from '../gateways/running.ts'
import { drive } from '../load/drive.ts'
import { Child } from '../machine/child.ts'
import { content } from '../origin/content.ts'
import { startOrigin } from '../origin/origin.ts'
import type { Bench, Case, Row } from './case.ts'

const holder = fileURLToPath(new URL('../load/idle-connections.ts', import.meta.url))
/** Time for memory to be given back. */
const settleMs = 1500

export const idle: Case = {
  name: 'idle',
  title: 'Memory of idle client connections',
  method:
    '5 000 clients send one request each and keep their connections; resident memory of all processes of the gateway, ' +
    'before and after, divided by the connections.',
  columns: [
    { key: 'perConnection', title: 'KB/connection', digits: 1 },
    { key: 'base', title: 'MB before', digits: 0 },
    { key: 'full', title: 'MB after', digits: 0 },
    { key: 'lost', title: 'connections lost', digits: 0 },
  ],
  chart: 'perConnection',
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
  bench.progress(`idle connections: ${gateway.name}`)
  const count = bench.pace.idleConnections
  const folder = bench.newFolder('load')
  const { port, child } = await start(bench, gateway, { origins: [{ host: '127.0.0.1', port: originPort }] })
  let clients: Child | undefined
  try {
    const { path } = content.small
    await drive(
      { port, path, connections: bench.pace.connections, seconds: bench.pace.warmUpSeconds },
      folder,
    )
    await pause(settleMs)
    const before = child.usage().rssBytes
    clients = new Child({
      role: 'load',
      command: process.execPath,
      args: [holder, String(port), path, String(count)],
      folder,
      hasChannel: true,
    })
    const { answered } = await clients.receive<{ answered: number }>()
    await pause(settleMs)
    const after = child.usage().rssBytes
    clients.send({ ask: 'open' })
    const { open } = await clients.receive<{ open: number }>()
    return {
      perConnection: (after - before) / answered / 1024,
      base: before / 1e6,
      full: after / 1e6,
      lost: count - open,
    }
  } finally {
    await clients?.stop()
    await child.stop()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
