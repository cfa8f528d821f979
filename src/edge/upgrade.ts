import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ResponseHead } from '../forward/sink.ts'

/** What a request that asks for another protocol came over: a connection, or a stream of one. */
export interface Upgrade {
  socket: Duplex
  /** What the client sent behind the head of its request. */
  head: Buffer
  /** Tells the client that the server has agreed; what follows is the protocol's. */
  accept(head: ResponseHead, protocol: string): void
  /** The tunnel is closed. */
  finish(): void
}

const offer = Symbol('headgate.upgrade')

declare module 'node:http' {
  interface IncomingMessage {
    [offer]?: Upgrade
  }
}

/** One protocol, or several to choose from, with or without versions (RFC 9110, section 7.8). */
const protocols = /^[\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?(?:[\t ]*,[\t ]*[\w!#$%&'*+.^`|~/-]+)*$/
/** HTTP inside a tunnel would pass every rule of the gateway by; TLS is spoken from the first byte or not at all. */
const notTunnelled = /(?:^|[\t ,])(?:h2c?|http|tls)(?:[\t ,/]|$)/i

/**
 * True for a request whose connection may become a tunnel. Every other Upgrade field is ignored, as a server is free
 * to do; in HTTP/1.0 it must be. A body would have to be read before the protocol changes, and nobody sends one.
 */
export function mayUpgrade({ method, httpVersion, headers }: IncomingMessage): boolean {
  const { upgrade } = headers
  if (upgrade === undefined || method !== 'GET' || httpVersion !== '1.1') return false
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return false
  return protocols.test(upgrade) && !notTunnelled.test(upgrade)
}

/**
 * Notes that a request wants its connection upgraded, for the handler that can do it. Until somebody takes it, the
 * connection is read only as far as it takes to see that the client has left.
 */
export function offerUpgrade(request: IncomingMessage, upgrade: Upgrade): void {
  request[offer] = upgrade
  upgrade.socket.on('readable', lookForEnd).once('end', leave)
}

/** The connection to upgrade, or undefined for an ordinary request. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return request[offer]
}

/** The connection is somebody's from here on. */
export function takeSocket<Side extends Duplex>(socket: Side): Side {
  return socket.off('readable', lookForEnd).off('end', leave)
}

function lookForEnd(this: Duplex): void {
  if (this.readableLength === 0) this.read()
}

function leave(this: Duplex): void {
  this.destroy()
}

/** The answer to an upgrade of HTTP/1.1, with the server's own fields. */
export function switchingProtocols(head: ResponseHead, protocol: string): string {
  let text = `HTTP/1.1 101 ${head.statusMessage || STATUS_CODES[101]}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`
  for (let index = 0; index < head.headers.length; index += 2) {
    text += `${head.headers[index]}: ${head.headers[index + 1]}\r\n`
  }
  return `${text}\r\n`
}
