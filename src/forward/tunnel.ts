import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closeFrame } from './close-frame.ts'
import type { ResponseHead } from './sink.ts'
import { Expiring, type Sweep } from './sweep.ts'
import { Direction } from './tunnel-direction.ts'

/** The client's side of a connection that asks for another protocol: of HTTP/2, one stream. */
export interface TunnelClient {
  socket: Duplex
  /** What the client sent behind the head of its request. */
  head: Buffer
  /** Tells the client that the server has agreed. */
  accept(head: ResponseHead, protocol: string): void
}

export interface TunnelOptions {
  client: TunnelClient
  server: Socket
  /** The server's 101, passed on as it is. */
  head: ResponseHead
  /** The value of `Upgrade` in it. */
  protocol: string
  sweep: Sweep
  /** The tunnel is ended at this age, ms. Default 0 = never. */
  maxAge?: number | undefined
  /** Called once when both sides are closed. */
  onClose: () => void
}

/** Once one side has ended, the other has this long between two bytes, ms: it may just not know. */
const halfOpenMs = 60_000
/** Once the tunnel is being ended, or one side is gone, the other has this long to take what is left, ms. */
const farewellMs = 2_000

/**
 * Two raw connections, joined: bytes cross as they come and at the pace of the slower side, until either side ends.
 * Neither side's errors go any further than the end of the tunnel.
 *
 *     open -> half open -> closed        an end crosses as an end, and the other direction stays
 *        \________\______> closed        a side that is gone, or `end()`
 */
export class Tunnel extends Expiring {
  readonly #client: Duplex
  readonly #server: Socket
  readonly #toServer: Direction
  readonly #toClient: Direction
  readonly #sweep: Sweep
  readonly #onClose: () => void
  readonly #endsAt: number
  /** How long nothing may move; infinite while both directions are open. */
  #idleLimitMs = Number.POSITIVE_INFINITY
  /** Bytes that have come, from either side. */
  #received = 0
  #moved = 0
  #movedAt = 0
  #openSides = 2
  #isEnding = false

  constructor({ client, server, head, protocol, sweep, maxAge = 0, onClose }: TunnelOptions) {
    super()
    this.#client = client.socket
    this.#server = server
    this.#sweep = sweep
    this.#onClose = onClose
    this.#endsAt = maxAge > 0 ? sweep.now() + maxAge : Number.POSITIVE_INFINITY
    if (maxAge > 0) sweep.add(this)
    this.#follow(this.#client, server)
    this.#follow(server, this.#client)
    server.allowHalfOpen = true
    if ('setKeepAlive' in this.#client) keepAlive(this.#client as Socket)
    client.accept(head, protocol)
    const isWebSocket = protocol.toLowerCase() === 'websocket'
    this.#toServer = new Direction(this.#client, server, isWebSocket ? closeFrame(true) : undefined)
    this.#toClient = new Direction(server, this.#client, isWebSocket ? closeFrame(false) : undefined)
    if (client.head.length > 0) this.#toServer.write(client.head)
    if (this.#client.destroyed) server.destroy()
  }

  /** Ends the tunnel because the gateway is going away; a WebSocket is told so in its own way. */
  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#bound(farewellMs)
    this.#toClient.end()
    this.#toServer.end()
  }

  expire(now: number): void {
    if (now >= this.#endsAt) this.end()
    const moved = this.#received - this.#client.writableLength - this.#server.writableLength
    if (moved !== this.#moved && !this.#isEnding) {
      this.#moved = moved
      this.#movedAt = now
    } else if (now - this.#movedAt > this.#idleLimitMs) {
      this.#client.destroy()
      this.#server.destroy()
    }
  }

  #follow(side: Duplex, other: Duplex): void {
    side.on('data', (chunk: Buffer) => {
      this.#received += chunk.length
    })
    side.on('error', () => side.destroy())
    side.once('end', () => this.#bound(halfOpenMs))
    side.once('close', () => {
      if (--this.#openSides === 0) {
        this.#sweep.delete(this)
        this.#onClose()
        return
      }
      this.#bound(farewellMs)
      if (other.destroyed) return
      other.end(() => other.destroy())
      other.resume()
    })
  }

  /** From here on something has to move, or the tunnel is over. */
  #bound(limitMs: number): void {
    if (limitMs >= this.#idleLimitMs) return
    this.#idleLimitMs = limitMs
    this.#movedAt = this.#sweep.now()
    this.#sweep.add(this)
  }
}

function keepAlive(socket: Socket): void {
  socket.setKeepAlive(true, 60_000)
  socket.setTimeout(0)
}
