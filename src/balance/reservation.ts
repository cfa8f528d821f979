import type { Outcome, Server } from './server.ts'

/** `sheddable` is the first to be refused when there is no room, `critical` the last. */
export type Priority = 'critical' | 'normal' | 'sheddable'

/** What a choice may depend on. */
export interface ReserveContext {
  /** For `hash`: requests with one key go to one server. Absent = any. */
  hashKey?: string | undefined
  /** The name, made opaque, of the server that the client has been sent to before (see sticky.ts). */
  sticky?: string | undefined
  /** Servers that this request has failed on, the last one last. Another is taken, as long as there is one. */
  avoid?: readonly Server[] | undefined
  /** It had a slot, and lost it with its server: it goes before those of its priority that had none. */
  isRetry?: boolean | undefined
  /** Default `normal`. */
  priority?: Priority | undefined
  /** Requests of one class take alike long; latencies are compared within it. A route's name, say. */
  routeClass?: string | undefined
}

/** Where a reservation is given back. */
export interface Settlement<Pool> {
  settle(reservation: Reservation<Pool>, outcome: Outcome, latencyMs: number | undefined): void
}

/** A slot on a server. Whoever has it gives it back, used or not, by exactly one `release` that counts. */
export class Reservation<Pool> {
  readonly server: Server<Pool>
  /** Milliseconds that the request waited for the slot. */
  readonly waitedMs: number
  readonly routeClass: string | undefined
  #settlement: Settlement<Pool> | undefined

  constructor(
    settlement: Settlement<Pool>,
    server: Server<Pool>,
    waitedMs: number,
    routeClass: string | undefined,
  ) {
    this.#settlement = settlement
    this.server = server
    this.waitedMs = waitedMs
    this.routeClass = routeClass
  }

  /**
   * Gives the slot back; later calls do nothing.
   *
   * `latencyMs` runs from sending the request to the head of the response, or to its failure. Absent, nothing is
   * learnt of the server's speed, which is right for tunnels.
   */
  release(outcome: Outcome, latencyMs?: number): void {
    const settlement = this.#settlement
    if (settlement === undefined) return
    this.#settlement = undefined
    settlement.settle(this, outcome, latencyMs)
  }
}
