import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../../src/clock.ts'
import { systemClock } from '../../../src/clock.ts'

/** What a server has seen of one connection. Times are on the clock that the test runs on. */
export interface SeenConnection {
  socket: Socket
  bornAt: number
  requests: number
  /** The age at which the last request came. */
  lastAge: number
  /** How many requests said `Connection: close`. */
  announced: number
  closedAt: number | undefined
  resumed: boolean
}

export interface CountingServer {
  origin: string
  connections: SeenConnection[]
  /** Connections that are open now, and the most that ever were. */
  open: number
  peak: number
  /** Refuses new connections and keeps those that there are. */
  stopListening(): void
  close(): void
}

export interface CountingServerOptions {
  clock?: Clock
  tls?: https.ServerOptions
  keepAliveTimeout?: number
  listen?: boolean
}

/** A real server on loopback that keeps the books: its counts are the truth that the pool is held to. */
export async function countingServer(
  t: TestContext,
  respond: http.RequestListener = (_request, response) => response.end('ok'),
  { clock = systemClock, tls, keepAliveTimeout = 0 }: CountingServerOptions = {},
): Promise<CountingServer> {
  const seen = new Map<Socket, SeenConnection>()
  const onRequest: http.RequestListener = (request, response) => {
    const connection = seen.get(request.socket)!
    connection.requests++
    connection.lastAge = clock.now() - connection.bornAt
    if (request.headers.connection === 'close') connection.announced++
    respond(request, response)
  }
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest)
  server.keepAliveTimeout = keepAliveTimeout
  const books: CountingServer = {
    origin: '',
    connections: [],
    open: 0,
    peak: 0,
    stopListening: () => net.Server.prototype.close.call(server),
    close: () => {
      server.close()
      server.closeAllConnections()
      for (const { socket } of books.connections) socket.destroy()
    },
  }
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    const connection: SeenConnection = {
      socket,
      bornAt: clock.now(),
      requests: 0,
      lastAge: 0,
      announced: 0,
      closedAt: undefined,
      resumed: tls !== undefined && (socket as TLSSocket).isSessionReused(),
    }
    seen.set(socket, connection)
    books.connections.push(connection)
    books.peak = Math.max(books.peak, ++books.open)
    socket.on('error', () => {})
    socket.once('close', () => {
      connection.closedAt = clock.now()
      books.open--
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(books.close)
  const { port } = server.address() as AddressInfo
  books.origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  return books
}

/** A port of loopback on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until something that other sockets bring about is so. The limit is there for what never comes. */
export async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`It never came about: ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
