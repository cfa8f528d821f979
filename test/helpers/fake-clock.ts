import type { Clock, Timer } from '../../src/clock.ts'

interface FakeTimer extends Timer {
  due: number
  order: number
  callback: () => void
}

/** A clock that stands still until `advance` moves it; timers fire in the order of their due times. */
export class FakeClock implements Clock {
  #now = 0
  #order = 0
  readonly #timers = new Set<FakeTimer>()
  readonly #epoch: number

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch
  }

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#epoch + this.#now
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer: FakeTimer = { due: this.#now + Math.max(0, delayMs), order: this.#order++, callback }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: Timer | undefined): void {
    this.#timers.delete(timer as FakeTimer)
  }

  /** How many timers are running. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves the time forward and fires what falls due on the way, new timers included. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.callback()
    }
    this.#now = end
  }

  /** As `advance`, and lets promises settle between one timer and the next. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.callback()
      await settle()
    }
    this.#now = end
    await settle()
  }

  /** Moves the time forward while nobody is served: what falls due on the way fires late, at the end. */
  standStill(ms: number): void {
    this.#now += ms
    this.advance(0)
  }

  #next(end: number): FakeTimer | undefined {
    let next: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.due > end) continue
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer
      }
    }
    return next
  }
}

/** Lets everything that is already settled run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
