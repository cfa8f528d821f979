import type { Clock } from '../clock.ts'

/** So many failures in a row, and nobody asks for a while. */
const MOST_FAILURES = 3

/** The first pause, and the longest. Milliseconds. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 5000

/**
 * Stops asking what does not answer.
 *
 *     closed --three failures in a row--> open --pause over--> one may ask --success--> closed
 *                                          ^                        |
 *                                          '----failure, longer-----'
 */
export class Breaker {
  readonly #clock: Clock
  #failures = 0
  #pause = FIRST_PAUSE
  #openUntil = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isClosed(): boolean {
    return this.#failures < MOST_FAILURES
  }

  /** Whether to ask now. While it is open, one caller after each pause is let through, to find out. */
  admits(): boolean {
    if (this.isClosed) return true
    const now = this.#clock.now()
    if (now < this.#openUntil) return false
    this.#openUntil = now + this.#pause
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#pause = FIRST_PAUSE
  }

  failed(): void {
    this.#failures++
    if (this.isClosed) return
    if (this.#failures > MOST_FAILURES) this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE)
    this.#openUntil = this.#clock.now() + this.#pause
  }
}
