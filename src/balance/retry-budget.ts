const spanMs = 10_000
const leastPerSecond = 10
const stepMs = 100

/**
 * Keeps retries from becoming a storm: they may be a share of the requests of about the last ten seconds, and at
 * least ten a second.
 */
export class RetryBudget {
  granted = 0
  refused = 0
  /** Requests that a retry saved, and that it did not; counted by whoever retries. */
  succeeded = 0
  failed = 0
  /** Retries as a share of all requests; 1 or more is no limit. */
  share: number
  /** What requests have earned; it fades within the span. */
  #earned = 0
  /** What time has earned. */
  #spare = leastPerSecond
  #at: number

  constructor(share: number, now: number) {
    this.share = share
    this.#at = now
  }

  /** Counts a request that is not itself a retry. */
  earn(now: number): void {
    if (now - this.#at >= stepMs) this.#advance(now)
    this.#earned += this.share
  }

  /** Takes one retry from the budget, if there is one. */
  take(now: number): boolean {
    this.#advance(now)
    const may = this.share >= 1 || this.#pay()
    if (may) this.granted++
    else this.refused++
    return may
  }

  #advance(now: number): void {
    const elapsed = now - this.#at
    this.#at = now
    this.#earned *= Math.exp(-elapsed / spanMs)
    this.#spare = Math.min(leastPerSecond, this.#spare + (leastPerSecond * elapsed) / 1000)
  }

  #pay(): boolean {
    if (this.#spare >= 1) {
      this.#spare -= 1
      return true
    }
    if (this.#earned < 1) return false
    this.#earned -= 1
    return true
  }
}
