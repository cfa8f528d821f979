import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isTooOld } from './connection-age.ts'
import { OnePiece } from './one-piece.ts'

/** A response that can take its head as text. */
export interface ReadyResponse {
  /**
   * Sends a whole response with a head that was made before, for a fraction of what writing its fields one by one
   * costs. False, with nothing done, where the head would have to say more: then it is written as usual.
   *
   * @param head status line and fields, each ended by CRLF, without those of the connection
   */
  sendReady(statusCode: number, statusMessage: string, head: string, body: Buffer): boolean
}

/** Where Node keeps the head that it has made, and whether it has left. Read by many libraries, and by no name in its manual. */
interface MadeHead {
  _header: string | null | undefined
  _headerSent: boolean
  _hasBody: boolean
  _keepAliveTimeout: number
  _maxRequestsPerSocket: number
}

/**
 * Node's response, which ends its connection where the next request could not be told from what is left of this one,
 * and leaves as one piece where it can.
 *
 * @param isDraining whether every response ends its connection
 */
export function edgeResponse(isDraining: () => boolean): typeof ServerResponse<IncomingMessage> {
  const onePiece = new OnePiece()
  return class EdgeResponse extends ServerResponse<IncomingMessage> implements ReadyResponse {
    override writeHead(statusCode: number, reason?: unknown, fields?: unknown): this {
      if (this.#isLast()) this.shouldKeepAlive = false
      return super.writeHead(statusCode, reason as string, fields as OutgoingHttpHeaders)
    }

    sendReady(statusCode: number, statusMessage: string, head: string, body: Buffer): boolean {
      const made = this as unknown as MadeHead
      if (made._header !== null || this.req.httpVersion !== '1.1') return false
      if (!this.shouldKeepAlive || this.#isLast()) return false
      this.statusCode = statusCode
      this.statusMessage = statusMessage
      made._header = `${head}${keepAlive(made)}\r\n`
      this.end(body)
      return true
    }

    override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
      const whole = chunk instanceof Buffer ? this.#whole(chunk) : undefined
      if (whole !== undefined) (this as unknown as MadeHead)._headerSent = true
      super.end(whole ?? chunk, encoding as BufferEncoding, callback as () => void)
      if (whole !== undefined && this.writableLength > 0) onePiece.leave()
      return this
    }

    /** Head and body as one piece, where neither has left, and the connection can take both now. */
    #whole(body: Buffer): Buffer | undefined {
      const { _header: head, _headerSent: hasLeft, _hasBody: hasBody } = this as unknown as MadeHead
      const { socket } = this
      if (typeof head !== 'string' || hasLeft || !hasBody || this.chunkedEncoding) return undefined
      if (this.strictContentLength || this.writableLength > 0) return undefined
      if (socket === null || !socket.writable || isEncrypted(socket)) return undefined
      return onePiece.join(head, body)
    }

    /** RFC 9112, section 9.3: a message that is not read to its end is the end of its connection. */
    #isLast(): boolean {
      const { req } = this
      return isDraining() || isLastAllowed(this) || isTooOld(req.socket) || hasUnreadBody(req)
    }
  } as typeof ServerResponse<IncomingMessage>
}

export function isReadyResponse(response: object): response is ReadyResponse {
  return 'sendReady' in response
}

/** TLS takes what it has been given in its own time. */
function isEncrypted(socket: Socket): boolean {
  return (socket as { encrypted?: boolean }).encrypted === true
}

/** What Node says of a connection that stays open. */
function keepAlive({ _keepAliveTimeout: ms, _maxRequestsPerSocket: requests }: MadeHead): string {
  if (!(ms > 0)) return 'Connection: keep-alive\r\n'
  const max = requests > 0 ? `, max=${requests}` : ''
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(ms / 1000)}${max}\r\n`
}

/** Node says so to the client, but waits for the client to close. */
function isLastAllowed(response: ServerResponse): boolean {
  return (response as { maxRequestsOnConnectionReached?: boolean }).maxRequestsOnConnectionReached === true
}

/** True while some of a request's body has not arrived yet. */
function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
