import type { IncomingHttpHeaders } from 'node:http2'
import { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'
import type { ConnectionFacts, RecyclingHandler } from '../connection-facts.ts'
import { mayHaveTrailers } from '../trailed-body.ts'
import type { Waiter } from '../waiting-line.ts'
import { fieldOf, type Http2Fields, parsedFields, plainFields, requestFields } from './fields.ts'
import { bodyOf, type RequestBody } from './request-body.ts'
import type { Carried, Session } from './session.ts'
import { asArgumentError, refusedFault } from './stream-fault.ts'
import { type RunListener, StreamRun } from './stream-run.ts'

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
 */
export class StreamRequest
  implements Dispatcher.DispatchController, ConnectionFacts, Waiter, Carried, RunListener
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
  /** Where it runs; undefined while it waits, and when the response has come. */
  #session: Session | undefined
  #run: StreamRun | undefined
  #placements = 0
  #hasStarted = false
  #isOver = false
  #trailers: IncomingHttpHeaders = {}
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
    return this.#run?.streamId ?? 0
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
      if (!this.#isOver) this.#open(session, this.#fields)
    } catch (error) {
      this.onFailed(asArgumentError(error as Error))
    }
  }

  pause(): void {
    this.paused = true
    this.#run?.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#progress()
    this.#run?.resume()
  }

  abort(reason?: Error): void {
    if (this.#isOver) return
    this.reason = reason ?? new errors.RequestAbortedError()
    this.onFailed(this.reason)
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
    const run = this.#run
    if (run === undefined) return
    if (!run.hasHead) {
      const isLate = headersTimeout > 0 && waited > headersTimeout && !run.isUploading
      if (isLate) this.onFailed(new errors.HeadersTimeoutError())
    } else if (bodyTimeout > 0 && waited > bodyTimeout && !this.paused) {
      this.onFailed(new errors.BodyTimeoutError())
    }
  }

  onRefused(): void {
    this.#run?.refuse()
  }

  onLost(cause: Error | undefined): void {
    this.#run?.lose(cause)
  }

  onBodySent(chunk: Buffer): void {
    this.#progress()
    this.handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#progress()
    this.handler.onRequestSent?.()
  }

  onHead(headers: IncomingHttpHeaders, raw: string[]): void {
    this.#progress()
    this.rawHeaders = plainFields(raw)
    try {
      this.handler.onResponseStarted?.()
      const parsed = this.handler.readsRawHeaders === true ? headers : parsedFields(headers)
      this.handler.onResponseStart?.(this, Number(headers[':status']), parsed)
    } catch (error) {
      this.onFailed(error as Error)
    }
  }

  onTrailers(headers: IncomingHttpHeaders, raw: string[]): void {
    this.rawTrailers = plainFields(raw)
    this.#trailers = headers
  }

  onChunk(chunk: Buffer): void {
    this.#progress()
    try {
      this.handler.onResponseData?.(this, chunk)
    } catch (error) {
      this.onFailed(error as Error)
    }
  }

  onComplete(): void {
    // An answer may come before the end of the upload, which then nobody wants (RFC 9113, section 8.1).
    this.#dropBody()
    this.#leave()
    this.#owner.onOver()
  }

  onDelivered(): void {
    if (this.#isOver) return
    this.#isOver = true
    try {
      this.handler.onResponseEnd?.(this, this.#trailers)
    } catch (error) {
      this.handler.onResponseError?.(this, error as Error)
    }
  }

  /** Nothing of it was processed. It goes on another session, where its body is still whole. */
  onReturned(isWhole: boolean): void {
    this.sent = false
    if (!isWhole || this.#placements >= maxPlacements) return this.onFailed(refusedFault())
    this.#leave()
    this.#run = undefined
    this.#owner.onReturned(this)
  }

  /** Ends the request; where it runs, its stream is reset, and its session stays as it is. */
  onFailed(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const isDelivering = this.#run?.isComplete === true
    const isWaiting = this.#session === undefined && !isDelivering
    this.#run?.drop()
    this.#dropBody()
    this.#leave()
    if (isWaiting) this.#owner.onAbandoned(this)
    else if (!isDelivering) this.#owner.onOver()
    this.handler.onResponseError?.(this, error)
  }

  #progress(): void {
    this.#progressAt = this.#owner.now()
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

  #open(session: Session, fields: Http2Fields): void {
    const body = this.#body
    const length = fieldOf(fields, 'content-length')
    const stream = session.open(fields, {
      endStream: body === undefined,
      waitForTrailers: length === undefined && body instanceof Readable && mayHaveTrailers(body),
    })
    if (stream === undefined) return this.onReturned(true)
    this.sent = true
    this.#progress()
    this.#run = new StreamRun({ stream, session, listener: this, body, length, isPaused: this.paused })
    if (body instanceof Readable) return
    if (body !== undefined) this.onBodySent(body)
    this.onRequestSent()
  }

  #dropBody(): void {
    if (this.#body instanceof Readable && !this.#body.readableEnded) this.#body.destroy()
  }

  /** Gives its place on the session back. */
  #leave(): void {
    const session = this.#session
    this.#session = undefined
    this.#run?.leave()
    session?.leave(this, this.#run === undefined)
  }
}
