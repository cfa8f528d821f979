import type { Duplex } from 'node:stream'
import { HeadgateError } from '../errors.ts'
import { Attempt, type AttemptListener, type AttemptRequest } from './attempt.ts'
import type { BodyOwner, RequestBody } from './body.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import { classify, type Failure, failureError, type Outcome } from './failure.ts'
import type { Reservation, ReserveContext, Reserver, Target } from './reserver.ts'
import type { FlatHeaders, ResponseHead, ResponseSink } from './sink.ts'
import { Expiring, type Sweep } from './sweep.ts'
import { type ExchangeTimeouts, overdue } from './time-limits.ts'

export interface ExchangeOptions {
  reserver: Reserver
  /** Default: any slot will do. */
  context?: ReserveContext | undefined
  timeouts: ExchangeTimeouts
  /** Further attempts after the first. Default 0. */
  retries?: number | undefined
  sweep: Sweep
  body: RequestBody | undefined
  /** Follows the exchange closely. Default: nobody does. */
  trace?: ExchangeTrace | undefined
  /** Joins the two ends of an upgraded connection; the slot is held until `closed` is called. */
  openTunnel?:
    | ((head: ResponseHead, server: Duplex, protocol: string, closed: () => void) => void)
    | undefined
}

const anySlot: ReserveContext = Object.freeze({})

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const idempotent = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'PROPFIND',
  'SEARCH',
  'REPORT',
  'QUERY',
])

/** How long the server's word is waited for before a client is asked for its body, ms. */
const defaultContinueMs = 1000

/** Attempts on connections that had gone stale in the pool; they are not counted as retries. */
const maxStaleAttempts = 2

/**
 * One request of a client, from the reservation of a slot to the last byte of the response: over attempts, time
 * limits and retries, into one sink.
 *
 *     reserve -> attempt -> head -> body -> end
 *        ^          |fails before the head, and may be sent again
 *        +----------+
 */
export class Exchange extends Expiring implements AttemptListener, BodyOwner {
  /** For the access log. */
  attempts = 0
  waitedMs = 0
  server: Target | undefined
  readonly #request: AttemptRequest
  readonly #sink: ResponseSink
  readonly #options: ExchangeOptions
  readonly #startedAt: number
  /** The one that runs, or the last one. */
  #attempt: Attempt | undefined
  #isRunning = false
  #queued: AbortController | undefined
  #tried: Target[] | undefined
  #stale = 0
  #hasHead = false
  #isServerError = false
  #isAborted = false
  #isOver = false

  constructor(request: AttemptRequest, sink: ResponseSink, options: ExchangeOptions) {
    super()
    this.#request = request
    this.#sink = sink
    this.#options = options
    this.#startedAt = options.sweep.now()
    if (options.body !== undefined) options.body.owner = this
  }

  /** The connection that carried the request; undefined where it never left. */
  get connection(): { ageMs: number; requests: number } | undefined {
    const attempt = this.#attempt
    return attempt?.ageMs === undefined ? undefined : { ageMs: attempt.ageMs, requests: attempt.requests }
  }

  start(): void {
    this.#options.sweep.add(this)
    this.#reserve(this.#options.context ?? anySlot)
  }

  /** Ends the exchange from outside: the client left, its body failed, or a limit has run out. */
  abort(error: Error): void {
    if (this.#isOver) return
    this.#isAborted = true
    this.#queued?.abort()
    if (this.#isRunning) this.#attempt?.abort(error)
    this.#finish(error)
  }

  onBodyFailed(error: Error): void {
    this.abort(error)
  }

  onInterim(statusCode: number, headers: FlatHeaders): void {
    if (this.#isOver) return
    if (statusCode === 100) this.#options.body?.proceed()
    else this.#sink.interim?.(statusCode, headers)
  }

  onHead(attempt: Attempt, head: ResponseHead): void {
    this.#hasHead = true
    if (this.attempts > 1) this.#options.reserver.retries.succeeded++
    this.#isServerError = head.statusCode >= 500
    this.#options.trace?.onHead(head.statusCode)
    this.#options.body?.forget()
    this.#sink.head(head, attempt)
  }

  onData(chunk: Buffer): boolean {
    return this.#sink.data(chunk)
  }

  onEnd(attempt: Attempt, trailers: FlatHeaders): void {
    this.#release(attempt, this.#isServerError ? 'server_error' : 'success')
    if (this.#isOver) return
    this.#settle()
    this.#sink.end(trailers)
  }

  onUpgrade(attempt: Attempt, head: ResponseHead, server: Duplex, protocol: string): void {
    this.#isRunning = false
    this.#options.trace?.onHead(head.statusCode)
    this.#options.trace?.onAttemptEnd('success')
    this.#settle()
    try {
      if (this.#options.openTunnel === undefined) throw new HeadgateError('HEADGATE_BAD_RESPONSE')
      this.#options.openTunnel(head, server, protocol, () => attempt.reservation.release('success'))
    } catch (error) {
      server.on('error', () => {}).destroy()
      attempt.reservation.release('aborted')
      this.#sink.fail(error as Error)
    }
  }

  onFailed(attempt: Attempt, error: unknown): void {
    const failure = classify(error)
    this.#release(attempt, failure.outcome)
    if (this.#isOver) return
    if (this.#mayTryAgain(attempt, failure)) this.#retry(attempt, failure, error)
    else this.#finish(failureError(error))
  }

  expire(now: number): void {
    const attempt = this.#isRunning ? this.#attempt : undefined
    const { timeouts, body } = this.#options
    switch (overdue(now, timeouts, { startedAt: this.#startedAt, hasHead: this.#hasHead, attempt, body })) {
      case 'request':
        return this.abort(new HeadgateError('HEADGATE_REQUEST_TIMEOUT'))
      case 'headers':
        return attempt?.abort(new HeadgateError('HEADGATE_HEADERS_TIMEOUT'))
      case 'body':
        return attempt?.abort(new HeadgateError('HEADGATE_BODY_TIMEOUT'))
      case 'client':
        return body?.fail(new HeadgateError('HEADGATE_CLIENT_TIMEOUT'))
    }
  }

  /** @param failure why the attempt before failed: it says more than that there is no slot for another */
  #reserve(context: ReserveContext, failure?: HeadgateError): void {
    let reservation: Reservation | undefined
    try {
      reservation = this.#options.reserver.tryReserve(context)
    } catch (error) {
      return this.#finish(failure ?? failureError(error))
    }
    if (reservation === undefined) void this.#wait(context, failure)
    else this.#begin(reservation)
  }

  async #wait(context: ReserveContext, failure: HeadgateError | undefined): Promise<void> {
    const { reserver, trace } = this.#options
    this.#queued = new AbortController()
    trace?.onWait()
    try {
      const reservation = await reserver.wait(context, this.#queued.signal)
      this.#queued = undefined
      trace?.onWaited()
      if (this.#isOver) reservation.release('unused')
      else this.#begin(reservation)
    } catch (error) {
      const told = failureError(error)
      trace?.onWaited(told.code)
      this.#finish(failure ?? told)
    }
  }

  #begin(reservation: Reservation): void {
    this.attempts++
    this.waitedMs += reservation.waitedMs
    this.server = reservation.server
    const attempt = new Attempt(reservation, this, this.#now)
    this.#attempt = attempt
    this.#isRunning = true
    const { body, timeouts, trace } = this.#options
    const mayAsk = body?.isAwaited === true && reservation.server.pool.sendsExpectations === true
    const holdMs = mayAsk ? (timeouts.continue ?? defaultContinueMs) : 0
    const request = trace?.onAttempt(this.#request, reservation.server.name, this.attempts) ?? this.#request
    attempt.start(request, body?.open(holdMs), holdMs > 0)
  }

  readonly #now = (): number => this.#options.sweep.now()

  /** Whether the request may be sent once more: nothing of it was sent, or it does no harm twice and is at hand. */
  #mayTryAgain(attempt: Attempt, failure: Failure): boolean {
    if (!failure.retryable || this.#isAborted || this.#hasHead || attempt.interims > 0) return false
    const { body, retries = 0, reserver } = this.#options
    if (body !== undefined && !body.isReplayable()) return false
    if (attempt.isSent && !idempotent.has(this.#request.method)) return false
    if (isStale(attempt, failure) && this.#stale < maxStaleAttempts) return true
    return this.attempts - this.#stale <= retries && reserver.mayRetry(failure.outcome)
  }

  /** Tries another server; where all of them are busy, it waits as it would have before the first attempt. */
  #retry(failed: Attempt, failure: Failure, cause: unknown): void {
    this.#tried ??= []
    if (isStale(failed, failure) && this.#stale < maxStaleAttempts) this.#stale++
    else this.#tried.push(failed.reservation.server)
    this.#reserve({ ...this.#options.context, avoid: this.#tried, isRetry: true }, failureError(cause))
  }

  #release(attempt: Attempt, outcome: Outcome): void {
    this.#isRunning = false
    const latency = attempt.headAt === 0 ? undefined : attempt.headAt - attempt.startedAt
    attempt.reservation.release(outcome, latency)
    this.#options.trace?.onAttemptEnd(outcome)
  }

  #settle(): void {
    this.#isOver = true
    this.#options.sweep.delete(this)
    this.#options.body?.discard()
  }

  #finish(error: Error): void {
    if (this.#isOver) return
    if (this.attempts > 1 && !this.#hasHead) this.#options.reserver.retries.failed++
    this.#settle()
    this.#sink.fail(error)
  }
}

/** A connection that was probably closing already when the request went out. */
function isStale(attempt: Attempt, { outcome }: Failure): boolean {
  return outcome === 'connection_lost' && attempt.wasStale
}
