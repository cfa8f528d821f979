import { Readable } from 'node:stream'
import { HeadgateError } from '../errors.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from './sink.ts'

export interface StreamSinkOptions {
  /** Called with the head; the body is the stream itself. */
  onHead(head: ResponseHead, body: Readable): void
  /** Called when nothing came and nothing will. */
  onUnanswered(error: Error): void
  /** Called once when whoever reads the stream has given it up, or the client has. */
  onGone(error: HeadgateError): void
}

/** Hands a response on as a stream, for those who change it on its way: it costs more than writing it out. */
export class StreamSink extends Readable implements ResponseSink {
  readonly #options: StreamSinkOptions
  #source: ResponseSource | undefined
  #isOver = false

  constructor(options: StreamSinkOptions) {
    super()
    this.#options = options
    // Whoever reads hears of a failure too; without a reader it must not end the process.
    this.on('error', () => {})
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#source = source
    this.#options.onHead(head, this)
  }

  data(chunk: Buffer): boolean {
    return this.push(chunk)
  }

  end(_trailers: FlatHeaders): void {
    this.#isOver = true
    this.push(null)
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#source === undefined) this.#options.onUnanswered(error)
    else this.destroy(error)
  }

  /** The client has left. */
  leave(): void {
    if (!this.#isOver) this.destroy()
  }

  override _read(): void {
    this.#source?.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#isOver) {
      this.#isOver = true
      this.#options.onGone(new HeadgateError('HEADGATE_CLIENT_GONE'))
    }
    callback(error)
  }
}
