import type { Clock, Timer } from '../clock.ts'
import type { Entry } from './entry.ts'
import type { Store } from './store.ts'

/** A slice of a collection looks at so many resources at most, and ends earlier when its time is up. */
const SLICE_RESOURCES = 512
const SLICE_MS = 0.4
/** It takes out so many at most of those for which there is no room any more. */
const SLICE_VICTIMS = 64
/** How often a slice looks at the clock. */
const CLOCK_EVERY = 4

/**
 * Takes out of the store what is of no more use, every `interval`, in slices that leave the event loop free
 * between them.
 */
export class Collector {
  readonly #store: Store
  #interval: number
  readonly #clock: Clock
  #timer: Timer | undefined
  #cursor: Iterator<Entry, undefined> | undefined

  constructor(store: Store, interval: number, clock: Clock) {
    this.#store = store
    this.#interval = interval
    this.#clock = clock
    this.#start()
  }

  /** Collects at once, what new bounds have no room for first, and from then on at this interval. */
  adjust(interval: number): void {
    this.close()
    this.#interval = interval
    this.#begin()
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #start(): void {
    this.#timer = this.#clock.setTimeout(() => this.#begin(), this.#interval)
  }

  #begin(): void {
    this.#cursor = this.#store.resources()
    this.#slice()
  }

  #slice(): void {
    if (this.#collect(this.#clock.now())) this.#start()
    else this.#timer = this.#clock.setTimeout(() => this.#slice(), 0)
  }

  #collect(begun: number): boolean {
    if (!this.#store.shrink(SLICE_VICTIMS)) return false
    for (let looked = 1; looked <= SLICE_RESOURCES; looked++) {
      const next = this.#cursor?.next()
      if (next === undefined || next.done === true) return true
      this.#take(next.value, begun)
      if (looked % CLOCK_EVERY === 0 && this.#clock.now() - begun > SLICE_MS) return false
    }
    return false
  }

  /** Those variants that are of no more use. Without a list of them, which would be one more for V8 to collect. */
  #take(newest: Entry, now: number): void {
    let entry: Entry | undefined = newest
    while (entry !== undefined) {
      const older: Entry | undefined = entry.nextVariant
      if (now >= entry.usefulUntil(this.#interval)) this.#store.remove(entry)
      entry = older
    }
  }
}
