import http2, { type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type Clock, systemClock } from '../../../../src/clock.ts'
import { cert, key } from '../../../helpers/certificate.ts'

/** What a server has seen of one session. Times are on the clock that the test runs on. */
export interface SeenSession {
  session: Http2Session
  socket: Socket
  bornAt: number
  requests: number
  running: number
  /** The most that ran at the same time. */
  peak: number
  /** The age at which the last request came. */
  lastAge: number
  /** Whether the client has said GOAWAY. */
  hasLeave: boolean
  closedAt: number | undefined
  pings: number
}

export interface H2Server {
  origin: string
  sessions: SeenSession[]
  open: number
  peak: number
  /** Refuses new sessions and keeps those that there are. */
  stopListening(): void
  close(): void
}

export interface H2ServerOptions {
  clock?: Clock
  tls?: boolean
  allowHTTP1?: boolean
  settings?: http2.Settings
  onSession?: (seen: SeenSession, index: number) => void
}

export type Respond = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, seen: SeenSession) => unknown

export const answerOk: Respond = (stream) => {
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

/** A real server on loopback that keeps the books: its counts are the truth that the pool is held to. */
export async function h2Server(
  t: TestContext,
  respond: Respond = answerOk,
  { clock = systemClock, tls = false, allowHTTP1 = false, settings = {}, onSession }: H2ServerOptions = {},
): Promise<H2Server> {
  const server = tls
    ? http2.createSecureServer({ key, cert, allowHTTP1, settings })
    : http2.createServer({ settings })
  const seenOf = new Map<Http2Session, SeenSession>()
  const books: H2Server = {
    origin: '',
    sessions: [],
    open: 0,
    peak: 0,
    stopListening: () => net.Server.prototype.close.call(server),
    close: () => {
      server.close()
      for (const { socket } of books.sessions) socket.destroy()
    },
  }
  let socket: Socket
  // The session is made by the next listener, at once.
  server.prependListener(tls ? 'secureConnection' : 'connection', (connected: Socket) => {
    socket = connected
    socket.on('error', () => {})
  })
  server.on('session', (session) => {
    const seen: SeenSession = {
      ...{ session, socket, bornAt: clock.now(), requests: 0, running: 0, peak: 0, lastAge: 0, pings: 0 },
      ...{ hasLeave: false, closedAt: undefined },
    }
    seenOf.set(session, seen)
    books.sessions.push(seen)
    books.peak = Math.max(books.peak, ++books.open)
    session.on('error', () => {})
    session.on('goaway', () => {
      seen.hasLeave = true
    })
    session.on('ping', () => seen.pings++)
    socket.once('close', () => {
      seen.closedAt = clock.now()
      books.open--
    })
    onSession?.(seen, books.sessions.length - 1)
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const seen = seenOf.get(stream.session!)!
    seen.requests++
    seen.lastAge = clock.now() - seen.bornAt
    seen.peak = Math.max(seen.peak, ++seen.running)
    stream.on('error', () => {})
    stream.once('close', () => seen.running--)
    respond(stream, headers, seen)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(books.close)
  books.origin = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return books
}
