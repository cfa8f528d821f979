import type { Dispatcher } from 'undici'
import type { Outcome } from './failure.ts'

/** A server as far as forwarding needs to know it. */
export interface Target {
  /** `host:port` */
  readonly name: string
  readonly pool: TargetPool
}

/** The connections of a server: undici's interface, and what a pool of headgate can do beyond it. */
export interface TargetPool extends Pick<Dispatcher, 'dispatch'> {
  /** Whether `expectContinue` sends the head of a request ahead of its body. Default false. */
  readonly sendsExpectations?: boolean
  /** Takes back the request of a handler that still waits for a connection; false where it does not wait any more. */
  withdraw?(handler: Dispatcher.DispatchHandler): boolean
}

/** A slot on a server, held until `release`. */
export interface Reservation {
  readonly server: Target
  /** Time spent in the queue, ms. */
  readonly waitedMs: number
  /** Gives the slot back, with how the attempt went and its latency to the head, ms. Only the first call counts. */
  release(outcome: Outcome, latencyMs?: number): void
}

/** What a reservation depends on. */
export interface ReserveContext {
  /** What `hash` hashes. */
  hashKey?: string | undefined
  /** Servers that were tried already. */
  avoid?: readonly object[] | undefined
  /** It had a slot before, which did not help: it goes first where requests wait. */
  isRetry?: boolean | undefined
  /** The opaque name of the server that the client has been sent to before. */
  sticky?: string | undefined
  priority?: 'critical' | 'normal' | 'sheddable' | undefined
  /** Requests of one class take alike long: a route. */
  routeClass?: string | undefined
}

/** Who hands out slots: an upstream. */
export interface Reserver {
  /** A slot at once, or undefined where the request would have to wait. Throws where there is nobody to wait for. */
  tryReserve(context: ReserveContext): Reservation | undefined
  /** A slot as soon as one is free. Rejects when the queue is full or the wait too long. */
  wait(context: ReserveContext, signal: AbortSignal): Promise<Reservation>
  /** Takes one retry from the budget, after an attempt that ended in this way; false where there is none to take. */
  mayRetry(outcome: Outcome): boolean
  /** Requests that a retry saved, and that it did not. */
  readonly retries: { succeeded: number; failed: number }
}
