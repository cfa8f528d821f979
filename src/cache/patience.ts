import type { Clock, Timer } from '../clock.ts'

/** Calls back when the next deadline has come: one timer for all who wait. */
export class Patience {
  readonly #clock: Clock
  readonly #onOverdue: (now: number) => void
  #timer: Timer | undefined

  constructor(clock: Clock, onOverdue: (now: number) => void) {
    this.#clock = clock
    this.#onOverdue = onOverdue
  }

  /** Waits until `deadline` on the monotonic clock, unless it waits already; Infinity is never. */
  until(deadline: number): void {
    if (this.#timer !== undefined || deadline === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#onOverdue(this.#clock.now())
    }, deadline - this.#clock.now())
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
