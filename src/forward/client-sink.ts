import { HeadgateError } from '../errors.ts'
import { bodyLength } from './field-lines.ts'
import { finishSoon, flushSoon } from './flush.ts'
import type { ResponseWriter } from './response-writer.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from './sink.ts'
import { StalledClient } from './stalled-client.ts'
import type { Sweep } from './sweep.ts'

/** Writes the head of a response, once whoever it belongs to has seen it. */
export interface HeadWriter {
  writeHead(head: ResponseHead): void
}

/** Whose response a sink writes. */
export interface ClientSinkOwner {
  /** Called when nothing was sent yet and nothing will come: the place for an error response. */
  onUnanswered(error: Error): void
  /** Called once when the client has left before it had the whole response. */
  onGone(error: HeadgateError): void
  /** Called with the head, which it may add to; it calls `sink.writeHead(head)` before it returns. */
  onHead(head: ResponseHead, sink: HeadWriter): void
}

export interface ClientSinkOptions {
  sweep: Sweep
  /** A client that takes nothing of a response for this long is cut, ms; 0 = never. */
  sendTimeout: number
}

/** Writes a response to a client: head and body in as few writes as can be, at the client's pace. */
export class ClientSink implements ResponseSink, HeadWriter {
  readonly #writer: ResponseWriter
  readonly #owner: ClientSinkOwner
  readonly #options: ClientSinkOptions
  #source: ResponseSource | undefined
  /** Not written yet: it leaves with the first of the body, or when none comes at once. */
  #head: ResponseHead | undefined
  /** Bytes of the body that are still to come; -1 where the response does not say. */
  #missing = -1
  /** Held back so that it leaves with the end of the message. */
  #last: Buffer | undefined
  /** They have come, and with them the whole response: it is about to leave. */
  #trailers: FlatHeaders | undefined
  #stalled: StalledClient | undefined
  #isOver = false

  constructor(writer: ResponseWriter, owner: ClientSinkOwner, options: ClientSinkOptions) {
    this.#writer = writer
    this.#owner = owner
    this.#options = options
    writer.onClose(this.#onClose)
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    // 100 answers the gateway's own Expect, or nobody's.
    if (statusCode !== 100) this.#writer.interim(statusCode, headers)
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#source = source
    this.#head = head
    flushSoon(this)
  }

  /** Lets the head go without any of the body. */
  flush(): void {
    if (this.#head === undefined || this.#trailers !== undefined || this.#isOver) return
    this.#passHead(this.#head)
    if (!this.#isOver) this.#writer.flushHead()
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
    this.#missing = bodyLength(this.#writer.method, head)
    // Where the end has come before the head has left, no body came between them.
    this.#writer.writeHead(head, this.#missing, this.#trailers?.length === 0)
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
    if (this.#writer.write(chunk)) return true
    this.#watch()
    this.#writer.onDrain(this.#onDrain)
    return false
  }

  end(trailers: FlatHeaders): void {
    if (this.#isOver) return
    this.#trailers = trailers
    finishSoon(this)
  }

  /** The response is complete, and leaves. */
  finish(): void {
    if (this.#head !== undefined) this.#passHead(this.#head)
    if (this.#isOver) return
    this.#isOver = true
    this.#writer.end(this.#last, this.#trailers as FlatHeaders)
    if (this.#writer.isBehind) this.#watch()
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#writer.headersSent) this.#writer.destroy()
    else this.#owner.onUnanswered(error)
  }

  #watch(): void {
    const { sendTimeout, sweep } = this.#options
    this.#stalled ??= new StalledClient(this.#writer.progress(), sendTimeout, sweep)
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
