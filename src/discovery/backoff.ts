/** How long to wait before the next attempt. */
export interface BackoffOptions {
  /** The bound of the first delay, in milliseconds. @default 1000 */
  first?: number
  /** The bound of every delay, in milliseconds. @default 60000 */
  last?: number
  /** Uniform in [0, 1). */
  random?: () => number
}

/**
 * Exponential backoff with full jitter: delay n is uniform between 0 and min(last, first * 2^n), so that many clients
 * of one agent that restarts come back spread over the whole interval (M. Brooker, "Exponential Backoff And Jitter").
 */
export class Backoff {
  readonly #first: number
  readonly #last: number
  readonly #random: () => number
  #ceiling: number

  constructor({ first = 1_000, last = 60_000, random = Math.random }: BackoffOptions = {}) {
    this.#first = first
    this.#last = last
    this.#random = random
    this.#ceiling = first
  }

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const delay = this.#random() * this.#ceiling
    this.#ceiling = Math.min(this.#last, this.#ceiling * 2)
    return delay
  }

  /** The last attempt has led to what was wanted. */
  reset(): void {
    this.#ceiling = this.#first
  }
}
