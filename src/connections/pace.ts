/**
 * How many of the connections have to begin their retirement now, so that each begins by its time and no two
 * begin within `gap` milliseconds. `times` is ascending; the answer counts from its start.
 *
 * Read from the end, the latest beginning of each is its own time, or one gap before its follower's.
 */
export function countDue(times: readonly number[], now: number, gap: number): number {
  let latest = Number.POSITIVE_INFINITY
  for (let i = times.length - 1; i >= 0; i--) {
    latest = Math.min(times[i]!, latest - gap)
    if (latest <= now) return i + 1
  }
  return 0
}

/** Permits at a steady rate, of which only one second's worth, or a single one, can be saved up. */
export class Allowance {
  #saved = 1
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  /** Adds what has come in since the last call. */
  refill(now: number, perSecond: number): void {
    this.#saved = Math.min(Math.max(1, perSecond), this.#saved + ((now - this.#at) * perSecond) / 1000)
    this.#at = now
  }

  take(): boolean {
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
