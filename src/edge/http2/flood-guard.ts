/** A bucket of tokens: so many at once, and so many more each second. */
export class FloodGuard {
  readonly #burst: number
  readonly #perSecond: number
  #left: number
  #filledAt = 0

  constructor(burst: number, perSecond: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#left = burst
  }

  /** Takes one token; false where there is none left. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#filledAt) / 1000) * this.#perSecond
    this.#left = Math.min(this.#burst, this.#left + gained) - 1
    this.#filledAt = nowMs
    return this.#left >= 0
  }
}
