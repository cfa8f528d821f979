import { type ServerResponse, STATUS_CODES } from 'node:http'
import { HeadgateError } from '../errors.ts'
import type { ClientSinkOptions, ClientSinkOwner, HeadWriter } from './client-sink.ts'
import { bodyLength, fieldPairs } from './field-lines.ts'
import { finishSoon, flushSoon } from './flush.ts'
import { hasUnreadBody } from './message.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from './sink.ts'
import { connectionProgress, StalledClient } from './stalled-client.ts'

/** Up to this size, in bytes, it is cheaper to copy what ends a response than to write another piece. */
const textLimit = 4 * 1024

/** Writes a response to a client of HTTP/1.1: head and body in as few writes as can be, at the client's pace. */
export class Http1ClientSink implements ResponseSink, HeadWriter {
  readonly #response: ServerResponse
  readonly #owner: ClientSinkOwner
  readonly #options: ClientSinkOptions
  #source: ResponseSource | undefined
  /** Not written yet: it leaves with the first of the body, or when none comes at once. */
  #head: ResponseHead | undefined
  /** Bytes of the body that are still to come; -1 where the response does not say. */
  #missing = -1
  /** Held back so that it leaves with the end of the message. */
  #last: Buffer | undefined
  #trailers: FlatHeaders | undefined
  /** The whole of it has come: it is about to leave, its head included. */
  #isComplete = false
  #stalled: StalledClient | undefined
  #isOver = false

  constructor(response: ServerResponse, owner: ClientSinkOwner, options: ClientSinkOptions) {
    this.#response = response
    this.#owner = owner
    this.#options = options
    response.on('close', this.#onClose)
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    const { headersSent, req, socket } = this.#response
    // 100 answers the gateway's own Expect, or nobody's.
    if (statusCode === 100 || headersSent || req.httpVersion !== '1.1' || socket === null) return
    let text = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}\r\n`
    for (let index = 0; index < headers.length; index += 2) {
      text += `${headers[index]}: ${headers[index + 1]}\r\n`
    }
    socket.write(`${text}\r\n`, 'latin1')
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#source = source
    this.#head = head
    flushSoon(this)
  }

  /** Lets the head go without any of the body. */
  flush(): void {
    if (this.#head === undefined || this.#isComplete || this.#isOver) return
    this.#passHead(this.#head)
    if (!this.#isOver) this.#response.flushHeaders()
  }

  #passHead(head: ResponseHead): void {
    this.#head = undefined
    try {
      this.#owner.onHead(head, this)
    } catch (error) {
      this.fail(new HeadgateError('HEADGATE_INTERNAL', { cause: error }))
      this.#source?.abort()
    }
  }

  writeHead(head: ResponseHead): void {
    const response = this.#response
    // The next request of this connection could not be told from what is left of this one (RFC 9112, section 9.3).
    if (hasUnreadBody(response.req)) response.shouldKeepAlive = false
    this.#missing = bodyLength(response.req.method as string, head)
    response.writeHead(head.statusCode, head.statusMessage, head.headers)
  }

  data(chunk: Buffer): boolean {
    if (this.#head !== undefined) this.#passHead(this.#head)
    if (this.#isOver) return true
    if (this.#missing >= 0) {
      this.#missing -= chunk.length
      if (this.#missing === 0) {
        this.#last = chunk
        return true
      }
    }
    if (this.#response.write(chunk)) return true
    this.#watch()
    this.#response.once('drain', this.#onDrain)
    return false
  }

  end(trailers: FlatHeaders): void {
    if (this.#isOver) return
    this.#isComplete = true
    if (trailers.length > 0) this.#trailers = trailers
    finishSoon(this)
  }

  /** The response is complete, and leaves. */
  finish(): void {
    if (this.#head !== undefined) this.#passHead(this.#head)
    if (this.#isOver) return
    this.#isOver = true
    const response = this.#response
    if (this.#trailers !== undefined && response.chunkedEncoding)
      response.addTrailers(fieldPairs(this.#trailers))
    if (this.#last === undefined) response.end()
    else if (this.#last.length > textLimit) response.end(this.#last)
    // In one piece with the head, where bytes would go out as a piece of their own.
    else response.end(this.#last.toString('latin1'), 'latin1')
    if (response.writableLength > 0) this.#watch()
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    if (!this.#response.headersSent) this.#owner.onUnanswered(error)
    // A response that was broken off must never look complete.
    else this.#response.destroy()
  }

  #watch(): void {
    const { sendTimeout, sweep } = this.#options
    this.#stalled ??= new StalledClient(connectionProgress(this.#response), sendTimeout, sweep)
    this.#stalled.watch()
  }

  readonly #onDrain = (): void => {
    if (!this.#isOver) this.#stalled?.rest()
    this.#source?.resume()
  }

  readonly #onClose = (): void => {
    this.#stalled?.rest()
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.onGone(new HeadgateError('HEADGATE_CLIENT_GONE'))
  }
}
