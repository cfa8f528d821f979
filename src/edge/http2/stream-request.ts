import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import { headersOf, type RequestHead } from './request-fields.ts'

const hasEnded = Symbol('headgate.hasEnded')

declare module 'node:http2' {
  interface ServerHttp2Stream {
    [hasEnded]?: boolean
  }
}

/**
 * Node ends a stream that was reset, or that a torn connection has taken along, as it ends one that is complete. The
 * difference is when: the end of a complete one is pushed before the stream is closed.
 *
 * One function for all: what a stream holds lives as long as its native handle, which survives every garbage collection
 * but the great ones.
 */
function watchedPush(this: ServerHttp2Stream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.closed) this[hasEnded] = true
  return Duplex.prototype.push.call(this, chunk, encoding)
}

function ignore(): void {}

/**
 * A request of HTTP/2 that reads like Node's `IncomingMessage`, so that whatever stands behind the edge need not know
 * the difference. Where Node's own compatibility layer ends a body that the client has broken off just as one that is
 * whole, this one fails it.
 */
export class StreamRequest extends Readable {
  readonly httpVersion = '2.0'
  readonly httpVersionMajor = 2
  readonly httpVersionMinor = 0
  readonly stream: ServerHttp2Stream
  /** The connection: that of other requests too. */
  readonly socket: Socket
  readonly rawHeaders: string[]
  /** A body without a length is told in the terms of HTTP/1.1: by `transfer-encoding`. */
  readonly headers: Record<string, string>
  readonly rawTrailers: string[] = []
  readonly trailers: Record<string, string> = {}
  method: string
  url: string
  /** Whether the client has left before it had. */
  aborted = false
  #isReading = false
  /** Whether the end has been passed on; what a closed stream still held is lost. */
  #isEnded = false

  constructor(stream: ServerHttp2Stream, socket: Socket, head: RequestHead) {
    super({ autoDestroy: false })
    this.stream = stream
    this.socket = socket
    this.rawHeaders = head.rawHeaders
    this.headers = headersOf(head.rawHeaders)
    this.method = head.method
    this.url = head.path
    stream.on('error', ignore)
    // What follows an extended CONNECT is the protocol's, and no body (RFC 8441, section 5).
    if (stream.endAfterHeaders || head.protocol !== undefined) this.#end()
    else {
      if (this.headers['content-length'] === undefined) this.headers['transfer-encoding'] = 'chunked'
      stream.push = watchedPush
      stream.on('trailers', this.#onTrailers)
      stream.once('end', this.#onEnd)
    }
    stream.once('close', this.#onClose)
  }

  /** Whether the whole request has come. */
  get complete(): boolean {
    return this.#isEnded || this.stream[hasEnded] === true
  }

  get connection(): Socket {
    return this.socket
  }

  setTimeout(ms: number, callback?: () => void): this {
    this.stream.setTimeout(ms, callback)
    return this
  }

  override _read(): void {
    if (this.#isEnded) return
    if (!this.#isReading) {
      this.#isReading = true
      this.stream.on('data', this.#onData)
    }
    this.stream.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.stream.resume()
    callback(error)
  }

  #end(): void {
    this.#isEnded = true
    this.push(null)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.destroyed && !this.push(chunk)) this.stream.pause()
  }

  readonly #onEnd = (): void => {
    if (this.complete && !this.#isEnded && !this.destroyed) this.#end()
  }

  readonly #onTrailers = (_parsed: unknown, _flags: number, raw: string[]): void => {
    for (let index = 0; index < raw.length; index += 2) {
      const [name, value] = [raw[index] as string, raw[index + 1] as string]
      this.rawTrailers.push(name, value)
      this.trailers[name] = value
    }
  }

  readonly #onClose = (): void => {
    this.stream.removeAllListeners('data').removeAllListeners('trailers')
    if (this.destroyed) return
    if (this.#isEnded) {
      if (this.readableEnded || !this.#isReading) this.destroy()
      else this.once('end', () => this.destroy())
      return
    }
    this.aborted = true
    this.emit('aborted')
    const isHeard = this.listenerCount('error') > 0
    this.destroy(isHeard ? new Error('the client has broken off its request') : undefined)
  }
}
