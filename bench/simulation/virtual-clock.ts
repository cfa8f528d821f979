import type { Clock, Timer } from '../../src/clock.ts'

interface Entry extends Timer {
  due: number
  order: number
  callback: (() => void) | undefined
}

/** A clock that jumps from one timer to the next: a simulated minute takes as long as its events do. */
export class VirtualClock implements Clock {
  #now = 0
  #order = 0
  /** A binary heap by due time. */
  readonly #heap: Entry[] = []

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#now
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const entry: Entry = { due: this.#now + Math.max(0, delayMs), order: this.#order++, callback }
    this.#heap.push(entry)
    this.#rise(entry)
    return entry
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer !== undefined) (timer as Entry).callback = undefined
  }

  /** Fires the next timer that is due until then; false where there is none. */
  step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.due > until) return false
      this.#dropFirst()
      if (next.callback === undefined) continue
      this.#now = next.due
      next.callback()
      return true
    }
  }

  #rise(entry: Entry): void {
    const heap = this.#heap
    let place = heap.length - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (isBefore(heap[parent]!, entry)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = entry
  }

  #dropFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = place * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order)
}
