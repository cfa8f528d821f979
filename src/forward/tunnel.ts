import { randomBytes } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ResponseHead } from './sink.ts'

/** The client's side of a connection that asks for another protocol. */
export interface TunnelClient {
  socket: Socket
  /** What the client sent behind the head of its request. */
  head: Buffer
}

/** Going away (RFC 6455, section 7.4.1), as the payload of a close frame. */
const goingAway = Buffer.from([0x03, 0xe9])

/**
 * Two raw connections, joined: bytes cross as they come and at the pace of the slower side, until either side ends.
 * Neither side's errors go any further than the end of the tunnel.
 */
export class Tunnel {
  readonly #client: Socket
  readonly #server: Duplex
  readonly #isWebSocket: boolean

  /**
   * @param head the server's 101, passed on as it is
   * @param protocol the value of `Upgrade`
   * @param onClose called once when both sides are closed
   */
  constructor(
    client: TunnelClient,
    server: Duplex,
    head: ResponseHead,
    protocol: string,
    onClose: () => void,
  ) {
    this.#client = client.socket
    this.#server = server
    this.#isWebSocket = protocol.toLowerCase() === 'websocket'
    const sides = [this.#client, this.#server]
    let open = sides.length
    for (const side of sides) {
      side.on('error', () => side.destroy())
      side.once('close', () => {
        const other = side === this.#client ? this.#server : this.#client
        if (--open === 0) onClose()
        else finish(other)
      })
    }
    if (this.#client.destroyed) server.destroy()
    this.#client.setTimeout(0)
    this.#client.write(switchingProtocols(head, protocol), 'latin1')
    if (client.head.length > 0) server.write(client.head)
    this.#client.pipe(server)
    server.pipe(this.#client)
  }

  /** Ends the tunnel because the gateway is going away; a WebSocket is told so in its own way. */
  end(): void {
    this.#client.unpipe(this.#server)
    this.#server.unpipe(this.#client)
    if (this.#isWebSocket) {
      this.#client.write(closeFrame(false))
      this.#server.write(closeFrame(true))
    }
    finish(this.#client)
    finish(this.#server)
  }
}

/** Ends a side once what is written has left. */
function finish(side: Duplex): void {
  if (side.destroyed) return
  side.end(() => side.destroy())
}

function switchingProtocols(head: ResponseHead, protocol: string): string {
  let text = `HTTP/1.1 101 ${head.statusMessage || STATUS_CODES[101]}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`
  for (let index = 0; index < head.headers.length; index += 2) {
    text += `${head.headers[index]}: ${head.headers[index + 1]}\r\n`
  }
  return `${text}\r\n`
}

/** A close frame (RFC 6455, section 5.5.1); those to a server are masked. */
function closeFrame(isMasked: boolean): Buffer {
  if (!isMasked) return Buffer.from([0x88, goingAway.length, ...goingAway])
  const mask = randomBytes(4)
  const payload = goingAway.map((byte, index) => byte ^ (mask[index % 4] as number))
  return Buffer.from([0x88, 0x80 | goingAway.length, ...mask, ...payload])
}
