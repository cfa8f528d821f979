import { type Clock, systemClock } from './clock.ts'
import type { Tunnel } from './forward/tunnel.ts'

/** How often a gateway that drains looks whether something is still in flight, ms. */
const lookMs = 25
/** Nothing must have been in flight for this long: a client that was just answered may be sending already. */
const quietMs = 100

/** What was not over when the grace was. */
export interface Cut {
  requests: number
  tunnels: number
}

/** What is going on in a gateway, and its end. */
export class Lifecycle {
  isDraining = false
  readonly tunnels = new Set<Tunnel>()
  readonly #clock: Clock
  #inFlight = 0
  #drained: Promise<Cut> | undefined

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Requests between their head and the end of their response. */
  get inFlight(): number {
    return this.#inFlight
  }

  begin(): void {
    this.#inFlight++
  }

  end(): void {
    this.#inFlight--
  }

  /**
   * Waits until nothing is in flight, tunnels included, and ends the tunnels that are left when the grace is over.
   * Later calls wait for the first.
   */
  drain(graceMs: number): Promise<Cut> {
    this.#drained ??= this.#drain(graceMs)
    return this.#drained
  }

  async #drain(graceMs: number): Promise<Cut> {
    this.isDraining = true
    const end = this.#clock.now() + graceMs
    let quietSince = this.#clock.now()
    while (this.#clock.now() < end) {
      const now = this.#clock.now()
      if (this.#inFlight > 0 || this.tunnels.size > 0) quietSince = now
      else if (now - quietSince >= quietMs) break
      await new Promise<void>((resolve) => {
        this.#clock.setTimeout(resolve, Math.min(lookMs, end - now))
      })
    }
    // A tunnel is a request that has not ended.
    const cut = { requests: this.#inFlight - this.tunnels.size, tunnels: this.tunnels.size }
    for (const tunnel of this.tunnels) tunnel.end()
    return cut
  }
}
