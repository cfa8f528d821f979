import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'
import type { ConnectionFacts, RecyclingHandler } from '../connection-facts.ts'
import type { Waiter } from '../waiting-line.ts'
import { fieldOf, type Http2Fields, plainFields, requestFields } from './fields.ts'
import { bodyOf, type RequestBody } from './request-body.ts'
import type { Carried, Session } from './session.ts'
import { lostFault, refusedFault, streamFault } from './stream-fault.ts'
import { Upload, type UploadListener } from './upload.ts'

/** Who hands sessions to requests, and learns what becomes of them. */
export interface RequestOwner {
  readonly origin: URL
  now(): number
  /** The server has not looked at it: it may go on another session, whatever its method. */
  onReturned(request: StreamRequest): void
  /** It waits for a session and is given up: takes it out of the line. */
  onAbandoned(request: StreamRequest): void
  /** It has left its session for good. */
  onOver(): void
}

export interface RequestTimeouts {
  /** Milliseconds until the head of the response; 0 = no limit. */
  headersTimeout: number
  /** Milliseconds between two pieces of the response; 0 = no limit. */
  bodyTimeout: number
}

/** Sessions that a request is tried on before the server's refusal is believed. */
const maxPlacements = 3

/**
 * One request, from the line to the last byte of its response: undici's controller for its handler, and what the
 * handler may know of its connection.
 *
 *     waiting --> running --> over         over comes once, with onResponseEnd or onResponseError
 *        ^-----------'                     only where the server says that it has not processed it
 *
 * What is left of a response whose end has come is kept here, so that a slow reader holds neither stream nor session.
 */
export class StreamRequest
  implements Dispatcher.DispatchController, ConnectionFacts, Waiter, Carried, UploadListener
{
  readonly options: Dispatcher.DispatchOptions
  readonly handler: RecyclingHandler
  since: number
  next: this | undefined
  rawHeaders: string[] | null = null
  rawTrailers: string[] | null = null
  reason: Error | null = null
  paused = false
  sent = false
  /** Requests that its session had carried when it came, this one included. */
  requests = 0

  readonly #owner: RequestOwner
  readonly #timeouts: RequestTimeouts
  #fields: Http2Fields | undefined
  #body: RequestBody
  #session: Session | undefined
  #stream: ClientHttp2Stream | undefined
  #upload: Upload | undefined
  #placements = 0
  #isOver = false
  #isRefused = false
  #hasStarted = false
  #hasHead = false
  /** Whether anything came of a response. */
  #isAnswered = false
  /** The response is complete; what of it is not delivered is held here. */
  #hasEnded = false
  /** END_STREAM has come, which no other end of a stream can be taken for. */
  #isEndSeen = false
  #held: Buffer[] = []
  #trailers: IncomingHttpHeaders = {}
  #error: NodeJS.ErrnoException | undefined
  #progressAt = 0

  constructor(
    options: Dispatcher.DispatchOptions,
    handler: RecyclingHandler,
    owner: RequestOwner,
    timeouts: RequestTimeouts,
  ) {
    this.options = options
    this.handler = handler
    this.since = owner.now()
    this.#owner = owner
    this.#timeouts = timeouts
  }

  get id(): number {
    return this.#session?.id ?? 0
  }

  get ageMs(): number {
    return this.#session?.ageMs ?? 0
  }

  get dialMs(): number {
    return this.#session?.dialMs ?? 0
  }

  get reused(): boolean {
    return this.requests > 1
  }

  get aborted(): boolean {
    return this.reason !== null
  }

  get streamId(): number {
    return this.#stream?.id ?? 0
  }

  /** Sends the request on this session. */
  start(session: Session): void {
    this.#session = session
    this.#placements++
    session.enter(this)
    this.requests = session.requests
    this.sent = false
    try {
      this.#fields ??= this.#prepare()
      this.handler.onConnection?.(this)
      this.#announce()
      if (this.#isOver) return
      const stream = session.open(this.#fields, this.#body === undefined)
      if (stream === undefined) return this.#return()
      this.#follow(stream)
    } catch (error) {
      this.fail(asArgumentError(error as Error))
    }
  }

  pause(): void {
    this.paused = true
    if (!this.#isEndSeen) this.#stream?.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#progressAt = this.#owner.now()
    while (this.#held.length > 0 && !this.paused && !this.#isOver) this.#deliver(this.#held.shift()!)
    if (this.paused || this.#isOver) return
    if (this.#hasEnded) this.#finish()
    else if (this.#hasHead) this.#stream?.resume()
  }

  abort(reason?: Error): void {
    if (this.#isOver) return
    this.reason = reason ?? new errors.RequestAbortedError()
    this.fail(this.reason)
  }

  /** Ends the request; where it runs, its stream is reset, and its session stays as it is. */
  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#held = []
    const isWaiting = this.#session === undefined && !this.#hasEnded
    this.#endUpload()
    this.#leave()
    if (isWaiting) this.#owner.onAbandoned(this)
    this.handler.onResponseError?.(this, error)
  }

  /** It gets no session, and is out of the line already. */
  refuse(error: Error): void {
    this.#isOver = true
    const controller = this.#hasStarted ? this : (null as unknown as Dispatcher.DispatchController)
    this.handler.onResponseError?.(controller, error)
  }

  expire(now: number): void {
    const { headersTimeout, bodyTimeout } = this.#timeouts
    const waited = now - this.#progressAt
    if (!this.#hasHead) {
      if (this.#upload === undefined && headersTimeout > 0 && waited > headersTimeout) {
        this.fail(new errors.HeadersTimeoutError())
      }
    } else if (bodyTimeout > 0 && waited > bodyTimeout && !this.paused) {
      this.fail(new errors.BodyTimeoutError())
    }
  }

  onRefused(): void {
    this.#isRefused = true
  }

  onLost(cause: Error | undefined): void {
    this.#error ??= cause
    this.#onClose()
  }

  onBodySent(chunk: Buffer): void {
    this.#progressAt = this.#owner.now()
    this.handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#upload = undefined
    this.#progressAt = this.#owner.now()
    this.handler.onRequestSent?.()
  }

  onUploadFailed(error: Error): void {
    this.fail(error)
  }

  #prepare(): Http2Fields {
    const fields = requestFields(this.options, this.#owner.origin)
    this.#body = bodyOf(this.options.body)
    if (!Buffer.isBuffer(this.#body)) return fields
    const length = String(this.#body.length)
    const announced = fieldOf(fields, 'content-length')
    if (announced === undefined) fields.push('content-length', length)
    else if (announced !== length) throw new errors.RequestContentLengthMismatchError()
    return fields
  }

  /** A request starts once, however often it is placed. */
  #announce(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.handler.onRequestStart?.(this, null)
  }

  #follow(stream: ClientHttp2Stream): void {
    this.#stream = stream
    this.sent = true
    this.#progressAt = this.#owner.now()
    stream.on('response', this.#onResponse)
    stream.on('headers', this.#onInterim)
    stream.on('trailers', this.#onTrailers)
    stream.on('error', this.#onError)
    stream.on('close', this.#onClose)
    this.#watchEnd(stream)
    const body = this.#body
    if (body instanceof Readable) {
      this.#upload = new Upload(body, stream, fieldOf(this.#fields!, 'content-length'), this)
      return
    }
    if (body !== undefined) {
      stream.end(body)
      this.handler.onBodySent?.(body)
    }
    this.handler.onRequestSent?.()
  }

  /**
   * Node ends a stream that the server has reset with NO_ERROR, or that a torn connection has taken along, as it ends
   * a complete one. The difference is when the end is pushed: before the stream is closed, or as it is.
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push
    stream.push = (chunk, encoding) => {
      if (chunk === null && !stream.closed && stream === this.#stream) this.#isEndSeen = true
      const hasRoom = push.call(stream, chunk, encoding)
      if (chunk === null && this.#isEndSeen && this.paused) stream.resume()
      return hasRoom
    }
  }

  readonly #onInterim = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (this.#isOver || this.#hasHead) return
    this.#isAnswered = true
    this.#tellHead(headers, raw)
  }

  readonly #onResponse = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    const stream = this.#stream
    if (this.#isOver || stream === undefined) return
    this.#hasHead = true
    this.#isAnswered = true
    this.#progressAt = this.#owner.now()
    this.handler.onResponseStarted?.()
    this.#tellHead(headers, raw)
    if (this.#isOver) return
    stream.on('end', this.#onEnd)
    stream.on('data', this.#onData)
    if (!this.paused || this.#isEndSeen) stream.resume()
  }

  #tellHead(headers: IncomingHttpHeaders, raw: string[]): void {
    this.rawHeaders = plainFields(raw)
    try {
      const parsed = this.handler.readsRawHeaders === true ? headers : withoutStatus(headers)
      this.handler.onResponseStart?.(this, Number(headers[':status']), parsed)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    this.#progressAt = this.#owner.now()
    if (this.paused || this.#held.length > 0) this.#held.push(chunk)
    else this.#deliver(chunk)
  }

  #deliver(chunk: Buffer): void {
    try {
      this.handler.onResponseData?.(this, chunk)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  readonly #onTrailers = (headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    this.rawTrailers = plainFields(raw)
    this.#trailers = headers
  }

  readonly #onEnd = (): void => {
    // The end of a stream that was reset; its `close` tells how.
    if (!this.#isEndSeen || this.#isOver) return
    this.#hasEnded = true
    // An answer may come before the end of the upload, which then nobody wants (RFC 9113, section 8.1).
    this.#endUpload()
    this.#leave()
    if (this.#held.length === 0 && !this.paused) this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    try {
      this.handler.onResponseEnd?.(this, this.#trailers)
    } catch (error) {
      this.handler.onResponseError?.(this, error as Error)
    }
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error
  }

  readonly #onClose = (): void => {
    const stream = this.#stream
    if (this.#isOver || this.#hasEnded || stream === undefined) return
    const { rstCode } = stream
    const isRefused = this.#isRefused || rstCode === constants.NGHTTP2_REFUSED_STREAM
    if (isRefused && !this.#isAnswered) return this.#return()
    const isReset = this.#error?.code === 'ERR_HTTP2_STREAM_ERROR'
    const isTorn = this.#session?.isOpen() === false && !isReset
    this.fail(isTorn ? lostFault(this.#error) : streamFault(rstCode, this.#error))
  }

  /** Nothing of it was processed. It goes on another session, where its body is still whole. */
  #return(): void {
    const isWhole = this.#upload?.isTouched !== true
    this.sent = false
    if (!isWhole || this.#placements >= maxPlacements) return this.fail(refusedFault())
    this.#upload?.stop()
    this.#upload = undefined
    this.#isRefused = false
    this.#error = undefined
    this.#leave()
    this.#owner.onReturned(this)
  }

  #endUpload(): void {
    this.#upload?.stop()
    this.#upload = undefined
    if (this.#body instanceof Readable && !this.#body.readableEnded) this.#body.destroy()
  }

  /** Gives its place on the session back; a stream that is not at its end is reset. */
  #leave(): void {
    const stream = this.#stream
    const session = this.#session
    this.#stream = undefined
    this.#session = undefined
    if (stream !== undefined) {
      stream.off('close', this.#onClose)
      if (!stream.closed && !stream.destroyed && !(this.#hasEnded && stream.writableFinished)) {
        stream.close(constants.NGHTTP2_CANCEL)
      }
      stream.resume()
    }
    if (session === undefined) return
    session.leave(this, stream === undefined)
    if (this.#isOver || this.#hasEnded) this.#owner.onOver()
  }
}

function withoutStatus({ ':status': _, ...fields }: IncomingHttpHeaders): IncomingHttpHeaders {
  return fields
}

/** Node's refusal of a field is undici's. */
function asArgumentError(error: Error & { code?: string }): Error {
  const isArgument = /^ERR_(?:HTTP2_|INVALID_)/.test(error.code ?? '')
  return isArgument ? new errors.InvalidArgumentError(error.message) : error
}
