import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** The raw connection of a request that asks for another protocol. */
export interface Upgrade {
  socket: Socket
  /** What the client sent behind the head of its request. */
  head: Buffer
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
export function takeSocket(socket: Socket): Socket {
  return socket.off('readable', lookForEnd).off('end', leave)
}

function lookForEnd(this: Socket): void {
  if (this.readableLength === 0) this.read()
}

function leave(this: Socket): void {
  this.destroy()
}
