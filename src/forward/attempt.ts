import type { Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { HeadgateError } from '../errors.ts'
import { allowedTrailers, fieldValue, type RawFields, responseHeaders } from './headers.ts'
import type { Reservation, Target } from './reserver.ts'
import { responseFault } from './response-fault.ts'
import type { FlatHeaders, ResponseHead, ResponseSource } from './sink.ts'

/** A server may say `100 Continue` and `103 Early Hints`, but not for ever. */
const maxInterim = 16

/** What the pool says of the connection that carries an attempt; the values are live. */
export interface ConnectionFacts {
  readonly ageMs: number
  /** Requests that the connection has carried, this one included. */
  readonly requests: number
  /** Whether a byte of this request may have reached the server. */
  readonly sent: boolean
}

/** What an attempt tells its exchange. */
export interface AttemptListener {
  onInterim(statusCode: number, headers: FlatHeaders): void
  onHead(attempt: Attempt, head: ResponseHead): void
  /** False where the client has no room. */
  onData(chunk: Buffer): boolean
  onEnd(attempt: Attempt, trailers: FlatHeaders): void
  /** The server has switched to `protocol`: what follows belongs to the two ends. */
  onUpgrade(attempt: Attempt, head: ResponseHead, server: Duplex, protocol: string): void
  /** The attempt is over, and its response is not complete. */
  onFailed(attempt: Attempt, error: unknown): void
}

/** The request of an attempt, the same for each. */
export interface AttemptRequest {
  method: string
  path: string
  headers: FlatHeaders
  /** The protocol that the client wants to switch to. */
  upgrade?: string | undefined
}

/**
 * One try of a request on one server: the handler that undici calls, and the source that the sink pulls.
 * After its end or its failure, which comes once, nothing that undici still says is passed on.
 */
export class Attempt implements Dispatcher.DispatchHandler, ResponseSource {
  readonly reservation: Reservation
  /** To the pool: the fields as they came are enough. */
  readonly readsRawHeaders = true
  /** On the exchange's clock. */
  readonly startedAt: number
  /** When the head of the response came; 0 before it. */
  headAt = 0
  /** When the last piece of the response came, or the sink was last ready for one. */
  progressAt = 0
  isPaused = false
  /** Interim responses so far. */
  interims = 0
  /** Age of the connection when the request went out, ms; undefined where it never did. */
  ageMs: number | undefined
  /** Requests that the connection had carried then, this one included. */
  requests = 0
  readonly #listener: AttemptListener
  readonly #now: () => number
  #upgrade: string | undefined
  #body: Readable | undefined
  #facts: ConnectionFacts | undefined
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined
  #isSent = false
  #isOver = false

  constructor(reservation: Reservation, listener: AttemptListener, now: () => number) {
    this.reservation = reservation
    this.#listener = listener
    this.#now = now
    this.startedAt = now()
  }

  /** Whether anything of the request may have reached the server. */
  get isSent(): boolean {
    return this.#isSent
  }

  /** Whether the connection had served before, and the server said nothing: it was probably closing already. */
  get wasStale(): boolean {
    return this.headAt === 0 && this.interims === 0 && this.requests > 1
  }

  /** @param expectsContinue the server is asked first whether it wants the body */
  start(request: AttemptRequest, body: Readable | undefined, expectsContinue: boolean): void {
    const { method, path, headers, upgrade } = request
    this.#upgrade = upgrade
    this.#body = body
    try {
      this.reservation.server.pool.dispatch(
        {
          method: method as Dispatcher.HttpMethod,
          path,
          headers,
          body: body ?? null,
          upgrade: upgrade ?? null,
          expectContinue: expectsContinue,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  pause(): void {
    this.isPaused = true
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.progressAt = this.#now()
    this.#controller?.resume()
  }

  abort(reason?: Error): void {
    if (this.#isOver) return
    const error =
      reason instanceof HeadgateError ? reason : new HeadgateError('HEADGATE_CLIENT_GONE', { cause: reason })
    this.#aborted = error
    if (this.#controller !== undefined) this.#controller.abort(error)
    else if (withdraw(this.reservation.server, this)) this.#body?.destroy()
    this.#fail(error)
  }

  /** Called by the pool when a connection is chosen, before anything is sent. */
  onConnection(facts: ConnectionFacts): void {
    this.#facts = facts
    this.ageMs = facts.ageMs
    this.requests = facts.requests
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted !== undefined) controller.abort(this.#aborted)
    // A pool that tells no facts may have sent it.
    else this.#isSent = this.#facts === undefined
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _parsed: unknown,
    statusMessage = '',
  ): void {
    if (this.#isOver) return
    const raw = controller.rawHeaders as (Buffer | string)[]
    if (statusCode < 200) {
      if (++this.interims > maxInterim) this.abort(new HeadgateError('HEADGATE_BAD_RESPONSE'))
      else this.#listener.onInterim(statusCode, responseHeaders(raw, statusCode))
      return
    }
    const fault = responseFault(statusCode, raw)
    if (fault !== undefined) return this.abort(badResponse(fault))
    this.headAt = this.#now()
    this.progressAt = this.headAt
    const head = {
      statusCode,
      statusMessage: reason(statusMessage),
      headers: responseHeaders(raw, statusCode),
    }
    this.#listener.onHead(this, head)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    this.progressAt = this.#now()
    if (this.#listener.onData(chunk)) return
    this.isPaused = true
    controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) return
    this.#isOver = true
    const { rawTrailers, rawHeaders } = controller as { rawTrailers: RawFields | null; rawHeaders: RawFields }
    const hasTrailers = rawTrailers !== null && rawTrailers.length > 0
    this.#listener.onEnd(this, hasTrailers ? allowedTrailers(rawTrailers, rawHeaders) : [])
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _parsed: unknown,
    server: Duplex,
  ): void {
    if (this.#isOver) return void server.destroy()
    const raw = controller.rawHeaders as (Buffer | string)[]
    const offered = this.#upgrade ?? ''
    const protocol = fieldValue(raw, 'upgrade') ?? offered
    if (!offers(offered, protocol)) {
      server.on('error', () => {}).destroy()
      return this.#fail(badResponse('it switches to a protocol that was not asked for'))
    }
    this.#isOver = true
    this.headAt = this.#now()
    const head = { statusCode, statusMessage: '', headers: responseHeaders(raw, statusCode) }
    this.#listener.onUpgrade(this, head, server, protocol)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#facts?.sent === true) this.#isSent = true
    this.#listener.onFailed(this, error)
  }
}

/** Takes a request back that waits for a connection, where the pool can do that. */
function withdraw({ pool }: Target, attempt: Attempt): boolean {
  return pool.withdraw?.(attempt) === true
}

function badResponse(fault: string): HeadgateError {
  return new HeadgateError('HEADGATE_BAD_RESPONSE', { cause: new Error(fault) })
}

/** A reason phrase that may be passed on; it means nothing to anybody, so that one with odd bytes is left out. */
function reason(phrase: string): string {
  return /^[\t -~]*$/.test(phrase) ? phrase : ''
}

/** RFC 9110, section 7.8: a server switches only to what the client has named. */
function offers(list: string, protocol: string): boolean {
  const chosen = protocol.toLowerCase()
  return list.split(',').some((name) => name.trim().toLowerCase() === chosen)
}
