import { type Dispatcher, errors } from 'undici'
import { type FramedBody, framedBody, isStream } from './request-body.ts'
import { type RequestHead, requestHead } from './request-head.ts'

/** What an exchange can ask of its connection. */
export interface ExchangeOwner {
  onResumed(exchange: Exchange): void
  onAborted(exchange: Exchange, reason: Error): void
}

/** What holds where a request does not say otherwise. */
export interface ExchangeDefaults {
  /** For the Host field of requests that have none. */
  host: string
  /** Milliseconds until the head of a response; 0 = no limit. */
  headersTimeout: number
  /** Milliseconds between two pieces of a response; 0 = no limit. */
  bodyTimeout: number
}

/** One request and its response on a connection; the handler's controller. */
export class Exchange implements Dispatcher.DispatchController {
  readonly head: RequestHead
  readonly content: FramedBody
  /** Milliseconds; 0 = no limit. */
  readonly headersTimeout: number
  readonly bodyTimeout: number
  /** The head leaves ahead of the body, and says that the body waits for the server's word. */
  readonly expectsContinue: boolean
  /** Whether the handler reads `rawHeaders`, so that nothing is parsed for it. */
  readonly isRaw: boolean
  rawHeaders: string[] | null = null
  rawTrailers: string[] | null = null
  paused = false
  reason: Error | null = null
  readonly #owner: ExchangeOwner

  constructor(
    owner: ExchangeOwner,
    head: RequestHead,
    content: FramedBody,
    limits: { headersTimeout: number; bodyTimeout: number; isRaw: boolean; expectsContinue: boolean },
  ) {
    this.#owner = owner
    this.head = head
    this.content = content
    this.headersTimeout = limits.headersTimeout
    this.bodyTimeout = limits.bodyTimeout
    this.isRaw = limits.isRaw
    this.expectsContinue = limits.expectsContinue
  }

  get aborted(): boolean {
    return this.reason !== null
  }

  /** No piece of the body comes until `resume`; a head still does. */
  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#owner.onResumed(this)
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.reason = reason
    this.#owner.onAborted(this, reason)
  }
}

/** Looks a request over and puts its head into words. Throws where the request has a fault; its body is not touched. */
export function openExchange(
  owner: ExchangeOwner,
  options: Dispatcher.DispatchOptions,
  defaults: ExchangeDefaults,
  isLast: boolean,
  isRaw: boolean,
): Exchange {
  const head = requestHead(options, defaults.host, isLast)
  const content = framedBody(options.body)
  if (head.declaredLength !== -1 && content.length !== -1 && head.declaredLength !== content.length) {
    throw new errors.RequestContentLengthMismatchError()
  }
  return new Exchange(owner, head, content, {
    headersTimeout: timeLimit(options.headersTimeout, defaults.headersTimeout),
    bodyTimeout: timeLimit(options.bodyTimeout, defaults.bodyTimeout),
    isRaw,
    expectsContinue: options.expectContinue === true && isStream(content.body),
  })
}

function timeLimit(given: number | null | undefined, standard: number): number {
  if (given == null) return standard
  if (!Number.isFinite(given) || given < 0) throw new errors.InvalidArgumentError('invalid time limit')
  return given
}
