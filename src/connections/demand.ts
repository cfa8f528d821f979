/** Parts of the window, or of an age that is shorter. */
const parts = 4
const mostParts = 240

/**
 * How many connections the recent past has needed at once. Connections that are used in turn are all warm, so that
 * none of them looks idle; what shows a surplus is the highest number of requests that ran at the same time.
 */
export class Demand {
  #inUse = 0
  /** The peak of each part of the window, the newest first; one more than the window has, as the newest is not over. */
  readonly #peaks: number[]
  readonly #partMs: number
  #turnsAt: number

  /**
   * @param window milliseconds after which a peak is forgotten; 0 = it does not matter
   * @param maxAge milliseconds that a connection lives: whether load stands is judged over less than that
   */
  constructor(window: number, maxAge: number, now: number) {
    const span = window > 0 ? Math.min(window, maxAge) : maxAge
    this.#partMs = Math.max(span / parts, window / mostParts)
    this.#peaks = new Array(window > 0 ? Math.ceil(window / this.#partMs) + 1 : 2).fill(0)
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

  /** The highest `inUse` of late, within a quarter to a half of the window or of an age: the load that stands. */
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
    for (let turned = 0; now >= this.#turnsAt && turned < this.#peaks.length; turned++) {
      this.#peaks.pop()
      this.#peaks.unshift(this.#inUse)
      this.#turnsAt += this.#partMs
    }
    if (now >= this.#turnsAt) this.#turnsAt = now + this.#partMs
  }
}
