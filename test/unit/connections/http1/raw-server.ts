import net, { type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../../src/connections/pool-options.ts'
import { RecyclingPool } from '../../../../src/connections/recycling-pool.ts'

/** A server of bytes: what it received on each connection, and the connections themselves. */
export interface RawServer {
  pool: RecyclingPool
  sockets: Socket[]
  /** What has come on each connection, in latin1. */
  received: string[]
}

/** A pool with the client of our own, over a server that answers each piece of what comes as it likes. */
export async function rawServer(
  t: TestContext,
  onData: (socket: Socket, received: string, nth: number) => void,
  options: RecyclingPoolOptions = {},
): Promise<RawServer> {
  const sockets: Socket[] = []
  const received: string[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const index = sockets.push(socket) - 1
    received[index] = ''
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1')
      onData(socket, received[index] as string, index)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const pool = new RecyclingPool(`http://127.0.0.1:${port}`, { driver: 'headgate', ...options })
  t.after(async () => {
    await pool.destroy()
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { pool, sockets, received }
}
