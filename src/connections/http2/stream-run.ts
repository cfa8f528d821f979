import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { Readable } from 'node:stream'
import type { RequestBody } from './request-body.ts'
import { type FlowListener, ResponseFlow } from './response-flow.ts'
import type { Session } from './session.ts'
import { lostFault, streamFault } from './stream-fault.ts'
import { Upload, type UploadListener } from './upload.ts'

/** What a run tells its request. */
export interface RunListener {
  onBodySent(chunk: Buffer): void
  onRequestSent(): void
  /** A head, of an interim response or of the final one. */
  onHead(headers: IncomingHttpHeaders, raw: string[]): void
  onTrailers(headers: IncomingHttpHeaders, raw: string[]): void
  onChunk(chunk: Buffer): void
  /** Every byte of the response has come: the stream is not needed any more. */
  onComplete(): void
  /** Every byte of the response has been passed on. */
  onDelivered(): void
  /** The server has not looked at the request. `isWhole`: nothing was taken out of its body. */
  onReturned(isWhole: boolean): void
  onFailed(error: Error): void
}

export interface RunOptions {
  stream: ClientHttp2Stream
  session: Session
  listener: RunListener
  body: RequestBody
  /** The value of Content-Length. */
  length: string | undefined
  /** The reader of the response has no room to begin with. */
  isPaused: boolean
}

/** One stream of a request, from its opening to its end. After `leave` nothing is told but what is left to deliver. */
export class StreamRun implements FlowListener, UploadListener {
  /** The head of the final response has come. */
  hasHead = false
  readonly #stream: ClientHttp2Stream
  readonly #session: Session
  readonly #listener: RunListener
  readonly #flow: ResponseFlow
  readonly #upload: Upload | undefined
  /** Whether anything came of a response. */
  #isAnswered = false
  #isRefused = false
  #hasLeft = false
  #error: NodeJS.ErrnoException | undefined

  constructor({ stream, session, listener, body, length, isPaused }: RunOptions) {
    this.#stream = stream
    this.#session = session
    this.#listener = listener
    this.#flow = new ResponseFlow(stream, this, isPaused)
    stream.on('headers', this.#onHeaders).on('response', this.#onResponse).on('trailers', this.#onTrailers)
    stream.on('error', this.#onError).on('close', this.#onClose)
    if (body instanceof Readable) this.#upload = new Upload(body, stream, length, this)
    else if (body !== undefined) stream.end(body)
  }

  get streamId(): number {
    return this.#stream.id ?? 0
  }

  get isUploading(): boolean {
    return this.#upload?.isRunning === true
  }

  get isComplete(): boolean {
    return this.#flow.isComplete
  }

  pause(): void {
    this.#flow.pause()
  }

  resume(): void {
    this.#flow.resume()
  }

  /** The session says that this stream will not be processed; its end follows. */
  refuse(): void {
    this.#isRefused = true
  }

  /** The connection is gone. */
  lose(cause: Error | undefined): void {
    this.#error ??= cause
    this.#onClose()
  }

  /** Stops the upload, and resets a stream that is not at its end. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#upload?.stop()
    const stream = this.#stream
    const isAtEnd = stream.closed || stream.destroyed || (this.isComplete && stream.writableFinished)
    if (!isAtEnd) stream.close(constants.NGHTTP2_CANCEL)
    if (this.isComplete) return
    this.#flow.drop()
    stream.resume()
  }

  /** Nothing more is delivered either. */
  drop(): void {
    this.#flow.drop()
  }

  onBodySent(chunk: Buffer): void {
    this.#listener.onBodySent(chunk)
  }

  onRequestSent(): void {
    this.#listener.onRequestSent()
  }

  onUploadFailed(error: Error): void {
    this.#listener.onFailed(error)
  }

  onChunk(chunk: Buffer): void {
    this.#listener.onChunk(chunk)
  }

  onComplete(): void {
    this.#listener.onComplete()
  }

  onDelivered(): void {
    this.#listener.onDelivered()
  }

  readonly #onHeaders = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (this.#hasLeft || this.hasHead) return
    this.#isAnswered = true
    this.#listener.onHead(headers, raw)
  }

  readonly #onResponse = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (this.#hasLeft || this.hasHead) return
    this.hasHead = true
    this.#isAnswered = true
    this.#listener.onHead(headers, raw)
    if (!this.#hasLeft) this.#flow.begin()
  }

  readonly #onTrailers = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (!this.#hasLeft) this.#listener.onTrailers(headers, raw)
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error
  }

  readonly #onClose = (): void => {
    if (this.#hasLeft) return
    const { rstCode } = this.#stream
    const isRefused = this.#isRefused || rstCode === constants.NGHTTP2_REFUSED_STREAM
    if (isRefused && !this.#isAnswered) {
      return this.#listener.onReturned(this.#upload?.isTouched !== true)
    }
    const isReset = this.#error?.code === 'ERR_HTTP2_STREAM_ERROR'
    const isTorn = !this.#session.isOpen() && !isReset
    this.#listener.onFailed(isTorn ? lostFault(this.#error) : streamFault(rstCode, this.#error))
  }
}
