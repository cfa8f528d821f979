const parts = 4

/**
 * How many connections the recent past has needed at once. Connections that are used in turn are all warm, so that
 * none of them looks idle; what shows a surplus is the highest number of requests that ran at the same time.
 */
export class Demand {
  #inUse = 0
  /** The peak of each part of the window, the newest first; one more than the window has, as the newest is not over. */
  readonly #peaks: number[] = new Array(parts + 1).fill(0)
  readonly #partMs: number
  #turnsAt: number

  /** `window` is in milliseconds; 0 = peaks are never forgotten. */
  constructor(window: number, now: number) {
    this.#partMs = window > 0 ? window / parts : Number.POSITIVE_INFINITY
    this.#turnsAt = now + this.#partMs
  }

  /** Requests that run or wait for a connection. */
  get inUse(): number {
    return this.#inUse
  }

  /** The highest `inUse` within the window. */
  get peak(): number {
    return Math.max(...this.#peaks)
  }

  /** The highest `inUse` of late, within a quarter to a half of the window: the load that stands. */
  get recentPeak(): number {
    return Math.max(this.#peaks[0]!, this.#peaks[1]!)
  }

  rise(): void {
    this.#inUse++
    if (this.#inUse > this.#peaks[0]!) this.#peaks[0] = this.#inUse
  }

  fall(): void {
    this.#inUse--
  }

  /** Forgets what lies before the window. */
  turn(now: number): void {
    for (let turned = 0; now >= this.#turnsAt && turned <= parts; turned++) {
      this.#peaks.pop()
      this.#peaks.unshift(this.#inUse)
      this.#turnsAt += this.#partMs
    }
    if (now >= this.#turnsAt) this.#turnsAt = now + this.#partMs
  }
}
