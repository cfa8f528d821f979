/**
 * The time in which this process could serve. Where it stands still, for the handshakes of a crowd say, nobody is served,
 * whoever waits: what the clock says then would be held against those whose turn was just to come.
 */
export class ServedTime {
  readonly #longestTurnMs: number
  #served = 0
  #steppedAt = 0

  /** @param longestTurnMs between two steps, whatever lies beyond it is not counted */
  constructor(longestTurnMs: number) {
    this.#longestTurnMs = longestTurnMs
  }

  /** Milliseconds; only differences mean anything. */
  read(now: number): number {
    return this.#served + Math.min(now - this.#steppedAt, this.#longestTurnMs)
  }

  /** Has to be called more often than turns may be long. */
  step(now: number): void {
    this.#served = this.read(now)
    this.#steppedAt = now
  }
}
