import { type Clock, systemClock, type Timer } from '../clock.ts'

/** Something with deadlines. */
export interface Expiring {
  /** Looks at its own deadlines. May take itself, or others, out of the sweep. */
  expire(nowMs: number): void
}

/**
 * One coarse timer for the deadlines of everything that is in flight: a request costs no timer of its own.
 * A deadline is noticed at most one interval late. The timer stands still while there is nothing to watch.
 */
export class Sweep {
  readonly #members = new Set<Expiring>()
  readonly #clock: Clock
  readonly #intervalMs: number
  #timer: Timer | undefined

  constructor({ clock = systemClock, intervalMs = 50 }: { clock?: Clock; intervalMs?: number } = {}) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  now(): number {
    return this.#clock.now()
  }

  add(member: Expiring): void {
    this.#members.add(member)
    this.#timer ??= this.#clock.setTimeout(this.#look, this.#intervalMs)
  }

  delete(member: Expiring): void {
    this.#members.delete(member)
  }

  get size(): number {
    return this.#members.size
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (const member of this.#members) member.expire(now)
    if (this.#members.size > 0) this.#timer = this.#clock.setTimeout(this.#look, this.#intervalMs)
  }
}
