/**
 * The server's side of `bench/limits.ts`, in a process of its own: it answers, and keeps the books of its connections
 * by its own count and clock. Sends `{ port }` once it listens, and the books for each message that it gets.
 */
import http, { type IncomingMessage } from 'node:http'
import http2, { type Http2Session } from 'node:http2'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { cert, key } from '../test/helpers/certificate.ts'

/** What the server has seen of one connection; times in milliseconds. */
interface Seen {
  bornAt: number
  requests: number
  /** The age at which the last request came. */
  lastAge: number
  closedAt: number | undefined
}

export interface Books {
  connections: Seen[]
  /** Connections that are open, and the most that ever were. */
  open: number
  peak: number
  requests: number
  /** POSTs that came more than once. */
  repeated: string[]
}

const books: Books = { connections: [], open: 0, peak: 0, requests: 0, repeated: [] }
const seenOf = new WeakMap<object, Seen>()
const posts = new Set<string>()

function onConnection(owner: object, socket: Socket): void {
  const seen: Seen = { bornAt: performance.now(), requests: 0, lastAge: 0, closedAt: undefined }
  seenOf.set(owner, seen)
  books.connections.push(seen)
  books.peak = Math.max(books.peak, ++books.open)
  socket.on('error', () => {})
  socket.once('close', () => {
    seen.closedAt = performance.now()
    books.open--
  })
}

function onRequest(
  owner: object,
  method: string,
  path: string,
  id: string,
  request: Readable,
  answer: Writable,
): void {
  const seen = seenOf.get(owner)!
  seen.requests++
  seen.lastAge = performance.now() - seen.bornAt
  books.requests++
  if (method === 'POST' && posts.has(id)) books.repeated.push(id)
  if (method === 'POST') posts.add(id)
  let received = 0
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  request.on('error', () => {})
  answer.on('error', () => {})
  request.on('end', () => {
    if (path !== '/slow') return void answer.end(`${received}`)
    // Longer than any connection may live.
    let pieces = 0
    const timer = setInterval(() => {
      if (++pieces < 15) return void answer.write('.')
      clearInterval(timer)
      answer.end(`${received}`)
    }, 100)
  })
}

function overHttp1(server: http.Server, event: 'connection' | 'secureConnection'): void {
  server.keepAliveTimeout = 0
  server.on(event, (socket: Socket) => onConnection(socket, socket))
  server.on('request', (request: IncomingMessage, response) => {
    const { method = '', url = '' } = request
    onRequest(request.socket, method, url, String(request.headers['x-id']), request, response)
  })
}

function overHttp2(server: http2.Http2Server | http2.Http2SecureServer): void {
  server.on('session', (session: Http2Session) => onConnection(session, session.socket as Socket))
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 })
    const { ':method': method = '', ':path': path = '' } = headers
    onRequest(stream.session!, method, path, String(headers['x-id']), stream, stream)
  })
}

function open(protocol: string | undefined) {
  if (protocol === 'h2c' || protocol === 'h2') {
    const server = protocol === 'h2' ? http2.createSecureServer({ key, cert }) : http2.createServer()
    overHttp2(server)
    return server
  }
  const isSecure = protocol === 'https'
  const server = isSecure ? https.createServer({ key, cert }) : http.createServer()
  overHttp1(server as http.Server, isSecure ? 'secureConnection' : 'connection')
  return server
}

const server = open(process.argv[2])
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.(books))
process.on('disconnect', () => process.exit())
