import type { Dispatcher } from 'undici'
import type { FramedBody } from './request-body.ts'
import type { RequestHead } from './request-head.ts'

/** What an exchange can ask of its connection. */
export interface ExchangeOwner {
  onResumed(exchange: Exchange): void
  onAborted(exchange: Exchange, reason: Error): void
}

/** One request and its response on a connection; the handler's controller. */
export class Exchange implements Dispatcher.DispatchController {
  readonly head: RequestHead
  readonly content: FramedBody
  /** Milliseconds; 0 = no limit. */
  readonly headersTimeout: number
  readonly bodyTimeout: number
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
    limits: { headersTimeout: number; bodyTimeout: number; isRaw: boolean },
  ) {
    this.#owner = owner
    this.head = head
    this.content = content
    this.headersTimeout = limits.headersTimeout
    this.bodyTimeout = limits.bodyTimeout
    this.isRaw = limits.isRaw
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
