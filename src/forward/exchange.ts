import type { Duplex } from 'node:stream'
import { HeadgateError } from '../errors.ts'
import { Attempt, type AttemptListener, type AttemptRequest } from './attempt.ts'
import type { RequestBody } from './body.ts'
import { classify, failureError, type Outcome } from './failure.ts'
import type { ReserveContext, Reserver, Target } from './reserver.ts'
import type { FlatHeaders, ResponseHead, ResponseSink } from './sink.ts'
import type { Expiring, Sweep } from './sweep.ts'

/** Limits of an exchange's phases, ms; 0 = none. */
export interface ExchangeTimeouts {
  /** From an attempt's start to the head of its response. */
  headers: number
  /** Between two pieces of a body, in either direction, while the other side is ready. */
  body: number
  /** From the last byte of the request to the head of the response, over queue, attempts and retries. */
  request: number
}

export interface ExchangeOptions {
  reserver: Reserver
  context: ReserveContext
  timeouts: ExchangeTimeouts
  /** Further attempts after the first. */
  retries: number
  sweep: Sweep
  body: RequestBody | undefined
  /** Joins the two ends of an upgraded connection; the slot is held until `closed` is called. */
  openTunnel?: (head: ResponseHead, server: Duplex, closed: () => void) => void
}

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
  'QUERY',
])

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
export class Exchange implements AttemptListener, Expiring {
  /** For the access log. */
  attempts = 0
  waitedMs = 0
  server: Target | undefined
  connection: Attempt['connection']
  readonly #request: AttemptRequest
  readonly #sink: ResponseSink
  readonly #options: ExchangeOptions
  readonly #startedAt: number
  #attempt: Attempt | undefined
  #queued: AbortController | undefined
  #tried: Target[] = []
  #stale = 0
  #hasHead = false
  #isServerError = false
  #over = false

  constructor(request: AttemptRequest, sink: ResponseSink, options: ExchangeOptions) {
    this.#request = request
    this.#sink = sink
    this.#options = options
    this.#startedAt = options.sweep.now()
    if (options.body !== undefined) options.body.onFailure = (error) => this.abort(error)
  }

  start(): void {
    this.#options.sweep.add(this)
    this.#reserve()
  }

  /** Ends the exchange from outside: the client left, its body failed, or a limit has run out. */
  abort(error: Error): void {
    if (this.#over) return
    this.#queued?.abort()
    const attempt = this.#attempt
    if (attempt !== undefined) this.#release(attempt, classify(error).outcome)
    this.#finish(error)
    attempt?.abort(error)
  }

  onInterim(statusCode: number, headers: FlatHeaders): void {
    if (!this.#over) this.#sink.interim?.(statusCode, headers)
  }

  onHead(attempt: Attempt, head: ResponseHead): void {
    this.#hasHead = true
    if (this.attempts > 1) this.#options.reserver.retries.succeeded++
    this.#isServerError = head.statusCode >= 500
    this.#options.body?.forget()
    this.#sink.head(head, attempt)
  }

  onData(chunk: Buffer): boolean {
    return this.#sink.data(chunk)
  }

  onEnd(attempt: Attempt, trailers: FlatHeaders): void {
    if (this.#over) return
    this.#release(attempt, this.#isServerError ? 'server_error' : 'success')
    this.#settle()
    this.#sink.end(trailers)
  }

  onUpgrade(attempt: Attempt, head: ResponseHead, server: Duplex): void {
    this.connection = attempt.connection
    this.#settle()
    this.#options.openTunnel?.(head, server, () => attempt.reservation.release('success'))
  }

  onFailed(attempt: Attempt, error: unknown): void {
    if (this.#over) return
    const failure = classify(error)
    this.#release(attempt, failure.outcome)
    this.#attempt = undefined
    if (!failure.retryable || !this.#mayTryAgain(attempt)) return this.#finish(failureError(error))
    this.#retry(attempt, error)
  }

  expire(now: number): void {
    const { timeouts, body } = this.#options
    const attempt = this.#attempt
    if (!this.#hasHead) {
      if (body?.isComplete === false) return this.#expireUpload(now)
      const since = Math.max(this.#startedAt, body?.lastProgressAt ?? 0)
      if (isOver(now - since, timeouts.request)) {
        this.abort(new HeadgateError('HEADGATE_REQUEST_TIMEOUT'))
      } else if (
        attempt !== undefined &&
        isOver(now - Math.max(attempt.startedAt, since), timeouts.headers)
      ) {
        attempt.abort(new HeadgateError('HEADGATE_HEADERS_TIMEOUT'))
      }
    } else if (
      attempt !== undefined &&
      !attempt.isPaused &&
      isOver(now - attempt.progressAt, timeouts.body)
    ) {
      attempt.abort(new HeadgateError('HEADGATE_BODY_TIMEOUT'))
    }
  }

  /** While the request is still arriving, only a gap counts: the client's, or that of a server that takes nothing. */
  #expireUpload(now: number): void {
    const { timeouts, body } = this.#options
    const attempt = this.#attempt
    if (body === undefined || attempt === undefined) return
    if (!isOver(now - Math.max(body.lastProgressAt, attempt.startedAt), timeouts.body)) return
    if (body.isHeldUp()) attempt.abort(new HeadgateError('HEADGATE_BODY_TIMEOUT'))
    else body.fail(new HeadgateError('HEADGATE_CLIENT_TIMEOUT'))
  }

  #reserve(): void {
    const { reserver, context } = this.#options
    try {
      const reservation = reserver.tryReserve(context)
      if (reservation !== undefined) this.#begin(reservation)
      else void this.#wait()
    } catch (error) {
      this.#finish(failureError(error))
    }
  }

  async #wait(): Promise<void> {
    const { reserver, context } = this.#options
    this.#queued = new AbortController()
    try {
      const reservation = await reserver.wait(context, this.#queued.signal)
      if (this.#over) return reservation.release('unused')
      this.#begin(reservation)
    } catch (error) {
      this.#finish(failureError(error))
    }
  }

  #begin(reservation: Attempt['reservation']): void {
    this.attempts++
    this.waitedMs += reservation.waitedMs
    this.server = reservation.server
    const attempt = new Attempt(reservation, this, this.#now)
    this.#attempt = attempt
    attempt.start(this.#request, this.#options.body?.open())
  }

  readonly #now = (): number => this.#options.sweep.now()

  /** Whether the request may be sent once more: nothing of it was sent, or it does no harm twice and is at hand. */
  #mayTryAgain(attempt: Attempt): boolean {
    if (this.#hasHead) return false
    const { body, retries, reserver } = this.#options
    if (body !== undefined && !body.isReplayable()) return false
    if (attempt.isSent && !idempotent.has(this.#request.method)) return false
    if (attempt.isStaleConnection() && this.#stale < maxStaleAttempts) return true
    return this.attempts - this.#stale <= retries && reserver.mayRetry()
  }

  /** Tries another server, at once; a retry never waits in the queue of those that were not served yet. */
  #retry(failed: Attempt, cause: unknown): void {
    const { reserver, context } = this.#options
    if (failed.isStaleConnection()) this.#stale++
    else this.#tried.push(failed.reservation.server)
    try {
      const reservation = reserver.tryReserve({ ...context, avoid: this.#tried })
      if (reservation === undefined) this.#finish(failureError(cause))
      else this.#begin(reservation)
    } catch {
      this.#finish(failureError(cause))
    }
  }

  #release(attempt: Attempt, outcome: Outcome): void {
    this.connection = attempt.connection
    const latency = attempt.headAt === 0 ? undefined : attempt.headAt - attempt.startedAt
    attempt.reservation.release(outcome, latency)
  }

  #settle(): void {
    this.#over = true
    this.#options.sweep.delete(this)
    this.#options.body?.discard()
    this.#attempt = undefined
  }

  #finish(error: Error): void {
    if (this.#over) return
    if (this.attempts > 1 && !this.#hasHead) this.#options.reserver.retries.failed++
    this.#settle()
    this.#sink.fail(error)
  }
}

function isOver(elapsed: number, limit: number): boolean {
  return limit > 0 && elapsed > limit
}
