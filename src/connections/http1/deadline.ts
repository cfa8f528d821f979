import type { Clock, Timer } from '../../clock.ts'

/**
 * A time limit that is moved at each request and hardly ever passes. Moving it is a comparison: the one timer behind
 * it runs on to a time that is never too late, and then looks where the limit stands.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #onPassed: () => void
  #at = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #firesAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  /** Sets the limit, in milliseconds from now; 0 = none. */
  set(delayMs: number): void {
    if (delayMs <= 0) {
      this.#at = Number.POSITIVE_INFINITY
      return
    }
    this.#at = this.#clock.now() + delayMs
    if (this.#at < this.#firesAt) this.#start()
  }

  /** Ends the timer too. */
  stop(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#firesAt = Number.POSITIVE_INFINITY
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #start(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#firesAt = this.#at
    this.#timer = this.#clock.setTimeout(this.#onTimer, Math.max(0, this.#at - this.#clock.now()))
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#firesAt = Number.POSITIVE_INFINITY
    if (this.#at === Number.POSITIVE_INFINITY) return
    if (this.#clock.now() < this.#at) return this.#start()
    this.#at = Number.POSITIVE_INFINITY
    this.#onPassed()
  }
}
