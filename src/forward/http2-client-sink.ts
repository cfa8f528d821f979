import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { HeadgateError } from '../errors.ts'
import type { ClientSinkOptions, ClientSinkOwner, HeadWriter } from './client-sink.ts'
import { bodyLength, fieldsByName } from './field-lines.ts'
import { hopByHop } from './field-names.ts'
import { flushSoon } from './flush.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from './sink.ts'
import { StalledClient, streamProgress } from './stalled-client.ts'

/** Writes a response to a client of HTTP/2: straight to its stream, at the pace of its flow control. */
export class Http2ClientSink implements ResponseSink, HeadWriter {
  readonly #response: Http2ServerResponse
  readonly #stream: ServerHttp2Stream
  readonly #owner: ClientSinkOwner
  readonly #options: ClientSinkOptions
  #source: ResponseSource | undefined
  /** Not sent yet: by the time it leaves, it may be known that nothing follows. */
  #head: ResponseHead | undefined
  #isEmpty = false
  /** Bytes of the body that are still to come; -1 where the response does not say. */
  #missing = -1
  /** Held back so that it leaves with the end of the message. */
  #last: Buffer | undefined
  #stalled: StalledClient | undefined
  #isOver = false

  constructor(response: Http2ServerResponse, owner: ClientSinkOwner, options: ClientSinkOptions) {
    this.#response = response
    this.#stream = response.stream
    this.#owner = owner
    this.#options = options
    response.on('close', this.#onClose)
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    const stream = this.#stream
    // 100 answers the gateway's own Expect, or nobody's; HTTP/2 has no 101.
    if (statusCode <= 101 || stream.headersSent || stream.closed || stream.destroyed) return
    stream.additionalHeaders({ ':status': statusCode, ...fieldsByName(headers) })
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#source = source
    this.#head = head
    flushSoon(this)
  }

  flush(): void {
    if (this.#head !== undefined && !this.#isOver) this.#passHead(this.#head)
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
    const stream = this.#stream
    if (stream.closed || stream.destroyed) return
    this.#missing = bodyLength(this.#response.req.method, head)
    const fields: (string | number)[] = [':status', head.statusCode]
    for (let index = 0; index < head.headers.length; index += 2) {
      const name = head.headers[index] as string
      // A plugin that was written for HTTP/1.1 may have set one.
      if (!hopByHop.has(name.toLowerCase())) fields.push(name, head.headers[index + 1] as string)
    }
    // Trailers come without a length: it would be of no use to wait for them otherwise.
    const endStream = this.#isEmpty || isBodiless(this.#response.req.method, head.statusCode)
    stream.respond(fields as never, { endStream, waitForTrailers: !endStream && this.#missing === -1 })
    this.#response.statusCode = head.statusCode
  }

  data(chunk: Buffer): boolean {
    if (this.#head !== undefined) this.#passHead(this.#head)
    if (this.#isOver || this.#stream.writableEnded) return true
    if (this.#missing >= 0) {
      this.#missing -= chunk.length
      if (this.#missing === 0) {
        this.#last = chunk
        return true
      }
    }
    if (this.#stream.write(chunk)) return true
    this.#watch()
    this.#stream.once('drain', this.#onDrain)
    return false
  }

  end(trailers: FlatHeaders): void {
    this.#isEmpty = trailers.length === 0
    if (this.#head !== undefined) this.#passHead(this.#head)
    if (this.#isOver) return
    this.#isOver = true
    if (trailers.length > 0) this.#response.addTrailers(fieldsByName(trailers))
    const stream = this.#stream
    if (this.#last === undefined) stream.end()
    else stream.end(this.#last)
    if (stream.bufferSize > 0) this.#watch()
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    if (!this.#stream.headersSent) this.#owner.onUnanswered(error)
    // Reset, a response never looks complete.
    else this.#response.destroy()
  }

  #watch(): void {
    const { sendTimeout, sweep } = this.#options
    this.#stalled ??= new StalledClient(streamProgress(this.#stream), sendTimeout, sweep)
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

/** Whether a response has no body, whatever its fields say (RFC 9110, section 6.4.1). */
function isBodiless(method: string, statusCode: number): boolean {
  return method === 'HEAD' || statusCode === 204 || statusCode === 205 || statusCode === 304
}
