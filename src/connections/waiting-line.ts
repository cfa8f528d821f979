import type { Dispatcher } from 'undici'

/** A request that waits for a connection. */
export interface Waiter {
  readonly options: Dispatcher.DispatchOptions
  readonly handler: Dispatcher.DispatchHandler
  /** When it came, on the pool's clock; before all others where it has had its turn already. */
  since: number
  next: this | undefined
}

/** Requests that wait for a connection, first come, first served. */
export class WaitingLine<W extends Waiter = Waiter> {
  #first: W | undefined
  #last: W | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(waiter: W): void {
    waiter.next = undefined
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    this.#length++
  }

  /** Puts a request at the head of the line: it has had its turn, and lost its connection before anything was sent. */
  unshift(waiter: W): void {
    waiter.next = this.#first
    this.#first = waiter
    this.#last ??= waiter
    this.#length++
  }

  shift(): W | undefined {
    const waiter = this.#first
    if (waiter === undefined) return undefined
    this.#first = waiter.next
    if (this.#first === undefined) this.#last = undefined
    waiter.next = undefined
    this.#length--
    return waiter
  }

  /** Takes out those at the head that came until then, `most` of them. */
  shiftUntil(time: number, most: number): W[] {
    const taken: W[] = []
    while (this.#first !== undefined && this.#first.since <= time && taken.length < most)
      taken.push(this.shift()!)
    return taken
  }

  /** Takes the request of this handler out of the line; false when it does not wait here. */
  remove(handler: Dispatcher.DispatchHandler): boolean {
    let before: W | undefined
    let waiter = this.#first
    for (; waiter !== undefined; before = waiter, waiter = waiter.next) {
      if (waiter.handler !== handler) continue
      if (before === undefined) this.#first = waiter.next
      else before.next = waiter.next
      if (this.#last === waiter) this.#last = before
      this.#length--
      return true
    }
    return false
  }
}
