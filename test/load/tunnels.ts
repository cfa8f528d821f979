import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { WebSocket, WebSocketServer } from 'ws'
import { seededRandom } from '../../bench/simulation/seeded-random.ts'
import { startGateway } from '../helpers/raw-gateway.ts'

// Many WebSockets at one time, each with many messages of all sizes to a server that sends them back.
//
//     node test/load/tunnels.ts [tunnels] [messages] [largest, bytes]

export interface TunnelLoad {
  tunnels: number
  /** Of each tunnel. */
  messages: number
  /** Bytes of a message. */
  sizeOf: (tunnel: number, message: number) => number
}

export interface TunnelOutcome {
  /** Tunnels of which the checksums of what was sent and what came back differ. */
  different: number
  bytes: number
  /** Slots that are still taken when all tunnels are closed. */
  held: number
}

/** Messages of one tunnel that are under way at one time. */
const ahead = 4
const block = Buffer.alloc(1_000_000, 'headgate')
/** Around these the header of a frame changes its form. */
const edges = [0, 1, 125, 126, 127, 65_535, 65_536]

/** A megabyte once in every fifth tunnel, and beside it small messages, those at the edges of the protocol among them. */
export function mostlySmall(tunnel: number, message: number): number {
  if (tunnel % 5 === 0 && message === 20 + (tunnel % 150)) return block.length
  return message % 50 === 0 ? edges[(tunnel + message / 50) % edges.length]! : message
}

export async function loadTunnels({ tunnels, messages, sizeOf }: TunnelLoad): Promise<TunnelOutcome> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  server.on('connection', (client) =>
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary })),
  )
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const gateway = await startGateway([(http.address() as AddressInfo).port], {
    upstream: { connections: { max: tunnels }, limits: { maxInFlight: tunnels } },
  })
  const outcome: TunnelOutcome = { different: 0, bytes: 0, held: -1 }

  async function talk(tunnel: number): Promise<void> {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { perMessageDeflate: false })
    const sent = createHash('sha1')
    const received = createHash('sha1')
    let next = 0
    const send = () => {
      if (next === messages) return
      const data = block.subarray(0, sizeOf(tunnel, next++))
      outcome.bytes += data.length
      sent.update(data)
      client.send(data)
    }
    await new Promise<void>((resolve, reject) => {
      let missing = messages
      client.on('error', reject).on('close', () => reject(new Error(`tunnel ${tunnel} was cut`)))
      client.on('open', () => {
        for (let count = 0; count < ahead; count++) send()
      })
      client.on('message', (data: Buffer) => {
        received.update(data)
        send()
        if (--missing === 0) resolve()
      })
    })
    if (received.digest('hex') !== sent.digest('hex')) outcome.different++
    const isClosed = new Promise((resolve) => client.once('close', resolve))
    client.close()
    await isClosed
  }

  const upstream = gateway.app.upstreams.get('app')!
  try {
    await Promise.all(Array.from({ length: tunnels }, (_, tunnel) => talk(tunnel)))
    for (let looks = 0; upstream.inFlight > 0 && looks < 100; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    outcome.held = upstream.inFlight
  } finally {
    await gateway.close()
    server.close()
    http.closeAllConnections()
    http.close()
  }
  return outcome
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [tunnels = 200, messages = 200, largest = block.length] = process.argv.slice(2).map(Number)
  const random = seededRandom(1)
  // As many between 1 and 10 bytes as between 100 000 and a million.
  const sizeOf = () => Math.floor(largest ** random())
  const startedAt = performance.now()
  const outcome = await loadTunnels({ tunnels, messages, sizeOf })
  const seconds = (performance.now() - startedAt) / 1000
  const megabytes = Math.round(outcome.bytes / 1e6)
  const memory = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(
    `${tunnels} tunnels, ${messages} messages each, ${megabytes} MB and back in ${seconds.toFixed(1)} s`,
  )
  console.log(
    `${outcome.different} differ, ${outcome.held} slots held, ${memory} MB at most for all three ends`,
  )
  process.exitCode = outcome.different + outcome.held === 0 ? 0 : 1
}
