import type { Dispatcher } from 'undici'

/** A request that waits for a connection. */
export interface Waiter {
  readonly options: Dispatcher.DispatchOptions
  readonly handler: Dispatcher.DispatchHandler
  /** When it came, on the pool's clock. */
  readonly since: number
  next: Waiter | undefined
}

/** Requests that wait for a connection, first come, first served. */
export class WaitingLine {
  #first: Waiter | undefined
  #last: Waiter | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, since: number): void {
    const waiter: Waiter = { options, handler, since, next: undefined }
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    this.#length++
  }

  /** Puts a request at the head of the line: it has had its turn, and lost its connection before anything was sent. */
  unshift(waiter: Waiter): void {
    waiter.next = this.#first
    this.#first = waiter
    this.#last ??= waiter
    this.#length++
  }

  shift(): Waiter | undefined {
    const waiter = this.#first
    if (waiter === undefined) return undefined
    this.#first = waiter.next
    if (this.#first === undefined) this.#last = undefined
    this.#length--
    return waiter
  }

  /** Takes out those at the head that came until then, `most` of them. */
  shiftUntil(time: number, most: number): Waiter[] {
    const taken: Waiter[] = []
    while (this.#first !== undefined && this.#first.since <= time && taken.length < most)
      taken.push(this.shift()!)
    return taken
  }

  /** Takes the request of this handler out of the line; false when it does not wait here. */
  remove(handler: Dispatcher.DispatchHandler): boolean {
    let before: Waiter | undefined
    for (let waiter = this.#first; waiter !== undefined; before = waiter, waiter = waiter.next) {
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
