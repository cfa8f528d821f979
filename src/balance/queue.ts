import type { Clock, Timer } from '../clock.ts'
import type { Priority, ReserveContext } from './reservation.ts'

/** A request that waits for a slot. */
export interface Waiter<Grant> {
  readonly context: ReserveContext
  readonly since: number
  readonly grant: (value: Grant) => void
  readonly refuse: (reason: RefusalReason) => void
}

/** Why a request got no slot; the label of `headgate_shed_total`. */
export type RefusalReason = 'queue_full' | 'queue_timeout' | 'displaced' | 'no_server'

export interface QueueOptions {
  /** Requests that may wait; 0 = none. */
  capacity: number
  /** Milliseconds that a request waits at most. */
  timeout: number
  clock: Clock
  onRefuse: (reason: RefusalReason) => void
}

interface Entry<Grant> extends Waiter<Grant> {
  rank: number
  previous: Entry<Grant> | undefined
  next: Entry<Grant> | undefined
}

interface Line<Grant> {
  first: Entry<Grant> | undefined
  last: Entry<Grant> | undefined
}

const ranks: Record<Priority, number> = { critical: 1, normal: 3, sheddable: 5 }

/** Where a request stands: those of a higher priority first, and of one priority those that had a slot before. */
function rankOf({ priority = 'normal', isRetry = false }: ReserveContext): number {
  return ranks[priority] - (isRetry ? 1 : 0)
}

/**
 * The requests that wait for a slot of an upstream: bounded, first in first out, with a deadline.
 *
 * A queue that empties now and then absorbs bursts. One that has stood for longer than its timeout only adds delay:
 * from then on a request waits half as long at most, until the queue has been empty. (A controlled delay in the
 * manner of Nichols and Jacobson's CoDel.) Each rank has a line of its own; a higher one goes first, and takes the
 * place of the youngest of a lower one where the queue is full: what was admitted is finished, and what comes is refused.
 */
export class Queue<Grant> {
  depth = 0
  #options: QueueOptions
  readonly #lines: readonly Line<Grant>[] = Array.from({ length: 6 }, () => ({
    first: undefined,
    last: undefined,
  }))
  #standsSince = 0
  #timer: Timer | undefined

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** Other bounds. Nobody who waits already loses the place for it; the time is another for them too. */
  configure(bounds: Pick<QueueOptions, 'capacity' | 'timeout'>, now: number): void {
    this.#options = { ...this.#options, ...bounds }
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.expire(now)
    this.#arm(now)
  }

  /** Milliseconds that a request may wait, as things stand. */
  bound(now: number): number {
    const { timeout } = this.#options
    return this.depth > 0 && now >= this.#standsSince + timeout ? timeout / 2 : timeout
  }

  /** Lets a request wait; returns how to take it out again, or `undefined` when it has been refused. */
  push(waiter: Waiter<Grant>): (() => void) | undefined {
    const rank = rankOf(waiter.context)
    if (this.depth >= this.#options.capacity && !this.#displace(rank)) {
      this.#options.onRefuse('queue_full')
      waiter.refuse('queue_full')
      return undefined
    }
    const line = this.#lines[rank]!
    const entry: Entry<Grant> = { ...waiter, rank, previous: line.last, next: undefined }
    if (line.last === undefined) line.first = entry
    else line.last.next = entry
    line.last = entry
    if (this.depth++ === 0) {
      this.#standsSince = waiter.since
      this.#arm(waiter.since)
    }
    return () => {
      this.#take(entry)
    }
  }

  /** Offers slots in turn: `reserve` gives one, or `undefined` where there is none for that request. */
  offer(reserve: (waiter: Waiter<Grant>) => Grant | undefined, hasSlot: () => boolean): void {
    for (const line of this.#lines) {
      let entry = line.first
      while (entry !== undefined && hasSlot()) {
        const next: Entry<Grant> | undefined = entry.next
        const grant = reserve(entry)
        if (grant !== undefined) {
          this.#take(entry)
          entry.grant(grant)
        }
        entry = next
      }
    }
  }

  /** Refuses whoever has waited too long. */
  expire(now: number): void {
    for (const line of this.#lines) {
      while (line.first !== undefined && now >= line.first.since + this.bound(now)) {
        this.#refuse(line.first, 'queue_timeout')
      }
    }
  }

  /** Refuses everybody. */
  clear(reason: RefusalReason): void {
    for (const line of this.#lines) {
      while (line.first !== undefined) this.#refuse(line.first, reason)
    }
  }

  #displace(rank: number): boolean {
    for (let lower = this.#lines.length - 1; lower > rank; lower--) {
      const youngest = this.#lines[lower]!.last
      if (youngest === undefined) continue
      this.#refuse(youngest, 'displaced')
      return true
    }
    return false
  }

  #refuse(entry: Entry<Grant>, reason: RefusalReason): void {
    this.#take(entry)
    this.#options.onRefuse(reason)
    entry.refuse(reason)
  }

  #take(entry: Entry<Grant>): void {
    const line = this.#lines[entry.rank]!
    if (entry.previous === undefined && line.first !== entry) return
    if (entry.previous === undefined) line.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) line.last = entry.previous
    else entry.next.previous = entry.previous
    // An entry that was taken has no neighbours and is not first: taking it again does nothing.
    entry.previous = undefined
    entry.next = undefined
    if (--this.depth > 0) return
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** One timer serves the whole queue: within a line, whoever came first is due first. */
  #arm(now: number): void {
    let oldest = Number.POSITIVE_INFINITY
    for (const line of this.#lines) oldest = Math.min(oldest, line.first?.since ?? oldest)
    if (oldest === Number.POSITIVE_INFINITY) return
    const { clock, timeout } = this.#options
    let due = oldest + this.bound(now)
    // The moment from which the queue counts as standing brings deadlines forward.
    if (now < this.#standsSince + timeout) due = Math.min(due, this.#standsSince + timeout)
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined
        const then = clock.now()
        this.expire(then)
        if (this.depth > 0 && this.#timer === undefined) this.#arm(then)
      },
      Math.max(0, due - now),
    )
  }
}
