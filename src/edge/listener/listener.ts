import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { AddressLimit } from '../address-limit.ts'
import type { ClientSessions } from '../http2/client-sessions.ts'
import type { TicketKeys } from '../tls/ticket-keys.ts'
import { TlsDoor, type TlsSettings } from '../tls/tls-door.ts'
import { plainAddress, type Trust } from '../trust.ts'
import { assumeAddresses, readProxied } from './proxied-connection.ts'
import type { ProxiedAddresses } from './proxy-header.ts'

export interface ListenerOptions {
  /** Speaks HTTP/1.1 over the connections that it is given; it listens on nothing itself. */
  http1: HttpServer
  /** Speaks HTTP/2 over those that agree to it. */
  http2: ClientSessions
  /** Undefined = plain. */
  tls: { settings: TlsSettings; ticketKeys: TicketKeys; handshakeTimeout: number } | undefined
  /** Whose connections begin with a header of the PROXY protocol; undefined = nobody's. */
  proxies: Trust | undefined
  /** Read at each connection: time for that header, ms. */
  headersTimeout: () => number
  /** Read at each connection. */
  maxConnectionsPerAddress: () => number
  /** A connection was closed before it said anything of HTTP. */
  onRefused: (why: string, cause?: unknown) => void
}

/**
 * Where clients connect when a connection is more than plain HTTP/1.1 from its first byte:
 *
 *     accepted -> PROXY header -> limit per address -> TLS -> HTTP/2 or HTTP/1.1
 *
 * To Fastify it is its HTTP server.
 */
export class Listener extends Server {
  readonly #options: ListenerOptions
  readonly #door: TlsDoor | undefined
  readonly #addresses: AddressLimit
  readonly #sockets = new Set<Socket>()
  /** Where connections that came through a proxy really come from, by who is at their other end. */
  readonly #proxied = new Map<string, ProxiedAddresses>()

  constructor(options: ListenerOptions) {
    // As Node's servers have it: a client of plain HTTP may end its side before it has its answer.
    super({ noDelay: true, allowHalfOpen: options.tls === undefined })
    this.#options = options
    this.#addresses = new AddressLimit(options.maxConnectionsPerAddress)
    const { http1, tls, onRefused } = options
    this.#door =
      tls &&
      new TlsDoor({
        ...tls,
        onSecure: (socket) => this.#onSecure(socket),
        onFailed: (error) => onRefused('the TLS handshake failed', error),
      })
    this.on('connection', this.#onConnection)
    // Node's server looks at its deadlines from when it listens until it is closed.
    this.on('listening', () => http1.emit('listening'))
    this.on('close', () => {
      this.#door?.close()
      http1.close()
    })
  }

  /** Other certificates, and terms, from the next handshake on. */
  changeTls(settings: TlsSettings): void {
    this.#door?.change(settings)
  }

  override close(callback?: (error?: Error) => void): this {
    super.close(callback)
    this.closeIdleConnections()
    this.#options.http2.end()
    return this
  }

  closeAllConnections(): void {
    const destroy = () => {
      for (const socket of this.#sockets) socket.destroy()
    }
    // What was written over HTTP/2 just now leaves a turn later.
    setImmediate(() => setImmediate(destroy))
  }

  closeIdleConnections(): void {
    this.#options.http1.closeIdleConnections()
  }

  readonly #onConnection = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const { headersTimeout, onRefused, proxies } = this.#options
    if (proxies?.(plainAddress(socket.remoteAddress)) !== true) return this.#admit(socket)
    readProxied(socket, headersTimeout(), (header) => {
      if ('fault' in header) {
        socket.destroy()
        return onRefused(`the PROXY header is refused: ${header.fault}`)
      }
      if (header.addresses !== undefined) this.#assume(socket, header.addresses)
      this.#admit(socket)
      // Whoever has it now reads what came behind the header, and what comes next.
      if (this.#door === undefined) socket.resume()
    })
  }

  #assume(socket: Socket, addresses: ProxiedAddresses): void {
    const peer = peerOf(socket)
    this.#proxied.set(peer, addresses)
    socket.once('close', () => this.#proxied.delete(peer))
    assumeAddresses(socket, addresses)
  }

  #admit(socket: Socket): void {
    if (!this.#addresses.admit(socket)) return
    if (this.#door !== undefined) this.#door.accept(socket)
    else this.#options.http1.emit('connection', socket)
  }

  #onSecure(socket: TLSSocket): void {
    const addresses = this.#proxied.get(peerOf(socket))
    if (addresses !== undefined) assumeAddresses(socket, addresses)
    if (socket.alpnProtocol === 'h2') this.#options.http2.accept(socket)
    else this.#options.http1.emit('connection', socket)
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
