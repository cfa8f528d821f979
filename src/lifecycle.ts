import { type Clock, systemClock } from './clock.ts'
import type { Tunnel } from './forward/tunnel.ts'

/** How often a gateway that drains looks whether something is still in flight, ms. */
const lookMs = 25
/** A client that was just answered may be sending already. */
const defaultQuietMs = 100
/** Where timers are late, what clients have sent meanwhile is read between two looks. */
const leastLooks = 4
/** Where requests never cease, no more are taken for the last part of the grace, so that those that run can finish. */
const lastShare = 0.1
const longestLastMs = 1_000

/** What was not over when the grace was. */
export interface Cut {
  requests: number
  tunnels: number
}

export interface DrainOptions {
  /** How long what is in flight may take, ms. */
  graceMs: number
  /** Before that: how long to go on as if nothing were, so that balancers can notice, ms. Default 0. */
  pauseMs?: number
  /** Nothing must have been in flight for this long, ms. Default 100. */
  quietMs?: number
  /** Called once, shortly before the grace ends, where requests are still coming. */
  stopListening?: () => void
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
  drain(options: DrainOptions): Promise<Cut> {
    this.#drained ??= this.#drain(options)
    return this.#drained
  }

  async #drain({
    graceMs,
    pauseMs = 0,
    quietMs = defaultQuietMs,
    stopListening,
  }: DrainOptions): Promise<Cut> {
    this.isDraining = true
    if (pauseMs > 0) await this.#sleep(pauseMs)
    const end = this.#clock.now() + graceMs
    const last = end - Math.min(longestLastMs, graceMs * lastShare)
    let quietSince = this.#clock.now()
    let quietLooks = 0
    let isListening = true
    while (this.#clock.now() < end) {
      const now = this.#clock.now()
      if (this.#inFlight > 0 || this.tunnels.size > 0) {
        quietSince = now
        quietLooks = 0
      } else if (++quietLooks >= leastLooks && now - quietSince >= quietMs) break
      if (isListening && now >= last) {
        isListening = false
        stopListening?.()
      }
      await this.#sleep(Math.min(lookMs, end - now))
    }
    // A tunnel is a request that has not ended.
    const cut = { requests: this.#inFlight - this.tunnels.size, tunnels: this.tunnels.size }
    for (const tunnel of this.tunnels) tunnel.end()
    return cut
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, delayMs))
  }
}
