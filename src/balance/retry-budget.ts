const spanMs = 10_000
const leastPerSecond = 10

/**
 * Keeps retries from becoming a storm: they may be a share of the requests of about the last ten seconds, and at
 * least ten a second.
 */
export class RetryBudget {
  granted = 0
  refused = 0
  readonly #share: number
  /** What requests have earned; it fades within the span. */
  #earned = 0
  /** What time has earned. */
  #spare = leastPerSecond
  #at: number

  /** A share of 1 or more is no limit. */
  constructor(share: number, now: number) {
    this.#share = share
    this.#at = now
  }

  /** Counts a request that is not itself a retry. */
  earn(): void {
    this.#earned += this.#share
  }

  /** Takes one retry from the budget, if there is one. */
  take(now: number): boolean {
    const may = this.#share >= 1 || this.#pay(now)
    if (may) this.granted++
    else this.refused++
    return may
  }

  #pay(now: number): boolean {
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    this.#earned *= Math.exp(-elapsed / spanMs)
    this.#spare = Math.min(leastPerSecond, this.#spare + (leastPerSecond * elapsed) / 1000)
    if (this.#spare >= 1) {
      this.#spare -= 1
      return true
    }
    if (this.#earned < 1) return false
    this.#earned -= 1
    return true
  }
}
