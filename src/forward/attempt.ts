import type { Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { HeadgateError } from '../errors.ts'
import { allowedTrailers, responseHeaders } from './headers.ts'
import type { Reservation } from './reserver.ts'
import type { FlatHeaders, ResponseHead, ResponseSource } from './sink.ts'

/** A server may say `100 Continue` and `103 Early Hints`, but not for ever. */
const maxInterim = 16

/** What the pool says of the connection that carries an attempt; it counts on, so it is read at the start. */
export interface ConnectionFacts {
  ageMs: number
  /** Requests that the connection has carried, this one included. */
  requests: number
}

/** What an attempt tells its exchange. */
export interface AttemptListener {
  onInterim(statusCode: number, headers: FlatHeaders): void
  onHead(attempt: Attempt, head: ResponseHead): void
  /** False where the client has no room. */
  onData(chunk: Buffer): boolean
  onEnd(attempt: Attempt, trailers: FlatHeaders): void
  /** The server has switched protocols: what follows belongs to the two ends. */
  onUpgrade(attempt: Attempt, head: ResponseHead, server: Duplex): void
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
  /** On the exchange's clock. */
  readonly startedAt: number
  /** When the head of the response came; 0 before it. */
  headAt = 0
  /** When the last piece of the response came, or the sink was last ready for one. */
  progressAt = 0
  /** Whether anything of the request may have reached the server. */
  isSent = false
  isPaused = false
  connection: ConnectionFacts | undefined
  readonly #listener: AttemptListener
  readonly #now: () => number
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined
  #interims = 0
  #over = false

  constructor(reservation: Reservation, listener: AttemptListener, now: () => number) {
    this.reservation = reservation
    this.#listener = listener
    this.#now = now
    this.startedAt = now()
  }

  start(request: AttemptRequest, body: Readable | undefined): void {
    const { method, path, headers, upgrade } = request
    try {
      this.reservation.server.pool.dispatch(
        {
          method: method as Dispatcher.HttpMethod,
          path,
          headers,
          body: body ?? null,
          upgrade: upgrade ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      )
    } catch (error) {
      this.onResponseError(undefined, error as Error)
    }
  }

  /** A failure on a connection that had served before, and that said nothing: it was probably closing already. */
  isStaleConnection(): boolean {
    return this.headAt === 0 && (this.connection?.requests ?? 1) > 1
  }

  pause(): void {
    this.isPaused = true
    this.#controller?.pause()
  }

  resume(): void {
    this.isPaused = false
    this.progressAt = this.#now()
    this.#controller?.resume()
  }

  abort(reason: Error = new HeadgateError('HEADGATE_CLIENT_GONE')): void {
    if (this.#over) return
    this.#aborted = reason
    this.#controller?.abort(reason)
    this.#fail(reason)
  }

  /** Called by the pool when a connection is chosen, before anything is sent. */
  onConnection(facts: ConnectionFacts): void {
    this.connection = { ageMs: facts.ageMs, requests: facts.requests }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted !== undefined) controller.abort(this.#aborted)
    else this.isSent = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _parsed: unknown,
    statusMessage = '',
  ): void {
    if (this.#over) return
    const raw = controller.rawHeaders as (Buffer | string)[]
    if (statusCode < 200) {
      if (++this.#interims > maxInterim) this.abort(new HeadgateError('HEADGATE_BAD_RESPONSE'))
      else this.#listener.onInterim(statusCode, responseHeaders(raw, statusCode))
      return
    }
    if (statusCode > 599) return this.abort(new HeadgateError('HEADGATE_BAD_RESPONSE'))
    this.headAt = this.#now()
    this.progressAt = this.headAt
    this.#listener.onHead(this, { statusCode, statusMessage, headers: responseHeaders(raw, statusCode) })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    this.progressAt = this.#now()
    if (this.#listener.onData(chunk)) return
    this.isPaused = true
    controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#over) return
    this.#over = true
    this.#listener.onEnd(this, allowedTrailers((controller.rawTrailers ?? []) as (Buffer | string)[]))
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _parsed: unknown,
    socket: Duplex,
  ): void {
    if (this.#over) return void socket.destroy()
    this.#over = true
    this.headAt = this.#now()
    const headers = responseHeaders(controller.rawHeaders as (Buffer | string)[], statusCode)
    this.#listener.onUpgrade(this, { statusCode, statusMessage: '', headers }, socket)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#listener.onFailed(this, error)
  }
}
