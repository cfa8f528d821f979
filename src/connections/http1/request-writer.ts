import type { Socket } from 'node:net'
import { type BodyFrame, type BodyListener, BodyWriter, writeTogether } from './body-writer.ts'
import type { Exchange } from './exchange.ts'
import { isStream } from './request-body.ts'

/** Methods whose requests have a body, so that an empty one is said to be empty (RFC 9110, section 8.6). */
const withBody = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

/** Writes the requests of a connection, one after another, and knows how much of the last one has gone out. */
export class RequestWriter implements BodyListener {
  /** Whether anything of the request has been handed to the socket. */
  hasBegun = false
  /** Whether all of it has. */
  isDone = false
  readonly #socket: Socket
  readonly #listener: BodyListener
  #exchange: Exchange | undefined
  #body: BodyWriter | undefined

  constructor(socket: Socket, listener: BodyListener) {
    this.#socket = socket
    this.#listener = listener
  }

  /** Forgets the request before. */
  clear(): void {
    this.hasBegun = false
    this.isDone = false
  }

  /** Takes a request on: from here its body is this connection's to read, or to destroy. */
  take(exchange: Exchange): void {
    const { body } = exchange.content
    this.#exchange = exchange
    if (isStream(body)) this.#body = new BodyWriter(this.#socket, body, frameOf(exchange), this)
  }

  write(): void {
    if (this.#body === undefined) this.#writeWhole(this.#exchange as Exchange)
    else this.#body.start()
  }

  /** The socket has room again. */
  drain(): void {
    this.#body?.drain()
  }

  /** Writes nothing more. */
  stop(): void {
    this.#exchange = undefined
    this.#body?.stop()
    this.#body = undefined
  }

  onBodyPiece(piece: Buffer): void {
    this.hasBegun = true
    this.#listener.onBodyPiece(piece)
  }

  onBodyEnd(): void {
    this.hasBegun = true
    this.isDone = true
    this.#body = undefined
    this.#listener.onBodyEnd()
  }

  onBodyFailed(error: Error): void {
    this.#listener.onBodyFailed(error)
  }

  #writeWhole(exchange: Exchange): void {
    const { head, length, emptyFraming } = frameOf(exchange)
    const body = exchange.content.body as Buffer | undefined
    if (body !== undefined) this.onBodyPiece(body)
    if (this.#exchange !== exchange) return
    this.onBodyEnd()
    if (this.#exchange !== exchange) return
    if (body === undefined) this.#socket.write(`${head}${emptyFraming}\r\n`, 'latin1')
    else writeTogether(this.#socket, `${head}content-length: ${length}\r\n\r\n`, body, '')
  }
}

function frameOf({ head, content, expectsContinue }: Exchange): BodyFrame {
  const isTyped = content.contentType === undefined || /\r\ncontent-type:/i.test(head.text)
  const text = isTyped ? head.text : `${head.text}content-type: ${content.contentType}\r\n`
  return {
    head: expectsContinue ? `${text}expect: 100-continue\r\n` : text,
    isHeadFirst: expectsContinue,
    length: content.length === -1 ? head.declaredLength : content.length,
    emptyFraming: withBody.has(head.method) ? 'content-length: 0\r\n' : '',
  }
}
