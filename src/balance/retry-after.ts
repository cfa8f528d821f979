const windowMs = 1_000
const longestSeconds = 30

/**
 * When those who were refused had better come back: after the time that the servers need, at the rate at which they
 * have been taking requests, for all that waits and for all that was refused within the last second.
 */
export class RetryAfter {
  readonly #random: () => number
  #windowStart: number
  #taken = 0
  #refused = 0
  #takenBefore = 0
  #refusedBefore = 0

  constructor(random: () => number, now: number) {
    this.#random = random
    this.#windowStart = now
  }

  /** A request got a slot. */
  countTaken(): void {
    this.#taken++
  }

  countRefused(now: number): void {
    this.#turn(now)
    this.#refused++
  }

  /** Whole seconds, 1 or more, drawn at random, so that those who were refused together do not come back together. */
  seconds(depth: number): number {
    const taken = Math.max(this.#taken, this.#takenBefore, 1)
    const backlog = depth + Math.max(this.#refused, this.#refusedBefore)
    const span = Math.min(longestSeconds - 1, backlog / taken)
    return 1 + Math.floor(this.#random() * (span + 1))
  }

  /** Closes the window when it is over. */
  #turn(now: number): void {
    const elapsed = now - this.#windowStart
    if (elapsed < windowMs) return
    const perWindow = windowMs / elapsed
    this.#takenBefore = this.#taken * perWindow
    this.#refusedBefore = this.#refused * perWindow
    this.#taken = 0
    this.#refused = 0
    this.#windowStart = now
  }
}
