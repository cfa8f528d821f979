import { type Clock, systemClock, type Timer } from '../clock.ts'

/**
 * Something with deadlines. It carries its own links in the list of a sweep: a `Set` that changes with every request
 * is rehashed all the time, and its dead tables keep finished requests alive through the garbage collections of the
 * young.
 */
export abstract class Expiring {
  /** @internal */
  sweepBefore: Expiring | undefined
  /** @internal */
  sweepAfter: Expiring | undefined
  /** @internal */
  isSwept = false

  /** Looks at its own deadlines. May take itself, or others, out of the sweep. */
  abstract expire(nowMs: number): void
}

/**
 * One coarse timer for the deadlines of everything that is in flight: a request costs no timer of its own.
 * A deadline is noticed at most one interval late. The timer stands still while there is nothing to watch.
 */
export class Sweep {
  readonly #clock: Clock
  readonly #intervalMs: number
  #first: Expiring | undefined
  #last: Expiring | undefined
  /** The member that the look under way comes to next. */
  #next: Expiring | undefined
  #size = 0
  #timer: Timer | undefined

  constructor({ clock = systemClock, intervalMs = 50 }: { clock?: Clock; intervalMs?: number } = {}) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  now(): number {
    return this.#clock.now()
  }

  add(member: Expiring): void {
    if (member.isSwept) return
    member.isSwept = true
    member.sweepBefore = this.#last
    if (this.#last === undefined) this.#first = member
    else this.#last.sweepAfter = member
    this.#last = member
    this.#size++
    this.#timer ??= this.#clock.setTimeout(this.#look, this.#intervalMs)
  }

  delete(member: Expiring): void {
    if (!member.isSwept) return
    const { sweepBefore: before, sweepAfter: after } = member
    if (before === undefined) this.#first = after
    else before.sweepAfter = after
    if (after === undefined) this.#last = before
    else after.sweepBefore = before
    if (this.#next === member) this.#next = after
    member.isSwept = false
    member.sweepBefore = undefined
    member.sweepAfter = undefined
    this.#size--
  }

  get size(): number {
    return this.#size
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let member = this.#first; member !== undefined; member = this.#next) {
      this.#next = member.sweepAfter
      member.expire(now)
    }
    if (this.#size > 0) this.#timer ??= this.#clock.setTimeout(this.#look, this.#intervalMs)
  }
}
