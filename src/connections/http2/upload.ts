import type { ClientHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import { errors } from 'undici'
import { parsedFields } from '../http1/parsed-fields.ts'
import { trailersOf } from '../trailed-body.ts'

export interface UploadListener {
  onBodySent(chunk: Buffer): void
  onRequestSent(): void
  /** The body cannot be had in full, or is not as long as was said. */
  onUploadFailed(error: Error): void
}

/** A body on its way: read at the pace at which the server takes it. */
export class Upload {
  /** Whether anything was taken out of the body, so that it cannot be sent again. */
  isTouched = false
  readonly #body: Readable
  readonly #stream: ClientHttp2Stream
  /** Bytes that were announced and are not sent yet; undefined where none were announced. */
  #missing: number | undefined
  readonly #listener: UploadListener
  #isOver = false

  /** @param length the value of Content-Length */
  constructor(
    body: Readable,
    stream: ClientHttp2Stream,
    length: string | undefined,
    listener: UploadListener,
  ) {
    this.#body = body
    this.#stream = stream
    this.#missing = length === undefined ? undefined : Number(length)
    this.#listener = listener
    stream.once('wantTrailers', this.#onTrailersWanted)
    if (body.destroyed || body.readableEnded) {
      queueMicrotask(body.errored === null && body.readableEnded ? this.#onEnd : this.#onClose)
      return
    }
    stream.on('drain', this.#onDrain)
    body.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    body.on('data', this.#onData)
    body.resume()
  }

  /** Neither sent in full nor stopped. */
  get isRunning(): boolean {
    return !this.#isOver
  }

  /** Takes no more of the body, which is left as it is. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.off('drain', this.#onDrain)
    this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    this.#body.pause()
  }

  readonly #onData = (chunk: Buffer | string): void => {
    this.isTouched = true
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (this.#missing !== undefined) {
      this.#missing -= bytes.length
      if (this.#missing < 0) return this.#fail(new errors.RequestContentLengthMismatchError())
    }
    const hasRoom = this.#stream.write(bytes)
    this.#listener.onBodySent(bytes)
    if (!hasRoom && !this.#isOver) this.#body.pause()
  }

  readonly #onDrain = (): void => {
    this.#body.resume()
  }

  readonly #onEnd = (): void => {
    if (this.#isOver) return
    if (this.#missing !== undefined && this.#missing > 0) {
      return this.#fail(new errors.RequestContentLengthMismatchError())
    }
    this.stop()
    this.#stream.end()
    this.#listener.onRequestSent()
  }

  /** All of the body is out; an empty list ends the stream too. */
  readonly #onTrailersWanted = (): void => {
    if (!this.#stream.closed) this.#stream.sendTrailers(parsedFields(trailersOf(this.#body)))
  }

  readonly #onError = (error: Error): void => {
    if (!this.#isOver) this.#fail(error)
  }

  readonly #onClose = (): void => {
    if (!this.#isOver) this.#fail(this.#body.errored ?? new errors.RequestAbortedError())
  }

  #fail(error: Error): void {
    this.stop()
    this.#listener.onUploadFailed(error)
  }
}
