import type { Clock, Timer } from '../clock.ts'
import type { Priority, ReserveContext } from './reservation.ts'
import { ServedTime } from './served-time.ts'

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
  readonly rank: number
  /** When it joined, in the time of the queue. */
  readonly joinedAt: number
  previous: Entry<Grant> | undefined
  next: Entry<Grant> | undefined
}

interface Line<Grant> {
  first: Entry<Grant> | undefined
  last: Entry<Grant> | undefined
}

/** While anybody waits, the time is looked at this often, ms. */
const tickMs = 10
/** A timer comes a little late where nothing keeps it; what is beyond that, the process was busy with something else. */
const longestTurnMs = 12

const ranks: Record<Priority, number> = { critical: 1, normal: 3, sheddable: 5 }

/** Where a request stands: those of a higher priority first, and of one priority those that had a slot before. */
function rankOf({ priority = 'normal', isRetry = false }: ReserveContext): number {
  return ranks[priority] - (isRetry ? 1 : 0)
}

/**
 * The requests that wait for a slot of an upstream: bounded, first in first out, with a deadline.
 *
 * A queue in which now and then somebody waits for less than half of its timeout absorbs bursts. One in which nobody has,
 * for as long as that timeout, only adds delay: from then on a request waits half as long at most, until the queue has
 * been empty. (A controlled delay in the manner of Nichols and Jacobson's CoDel.) Each rank has a line of its own; a higher one goes first, and takes the
 * place of the youngest of a lower one where the queue is full: what was admitted is finished, and what comes is refused.
 *
 * Its time is that in which this process could serve: who waits while the process stands still does not wait for a slot.
 */
export class Queue<Grant> {
  depth = 0
  #options: QueueOptions
  readonly #lines: readonly Line<Grant>[] = Array.from({ length: 6 }, () => ({
    first: undefined,
    last: undefined,
  }))
  readonly #time = new ServedTime(longestTurnMs)
  /** Since when whoever got a slot had waited for half of the timeout, or nobody got one. */
  #standsSince = 0
  #timer: Timer | undefined

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** Other bounds. Nobody who waits already loses the place for it; the time is another for them too. */
  configure(bounds: Pick<QueueOptions, 'capacity' | 'timeout'>, now: number): void {
    this.#options = { ...this.#options, ...bounds }
    this.expire(now)
    if (this.depth > 0) this.#arm(now)
  }

  /** Lets a request wait; returns how to take it out again, or `undefined` when it has been refused. */
  push(waiter: Waiter<Grant>): (() => void) | undefined {
    const rank = rankOf(waiter.context)
    if (this.depth >= this.#options.capacity && !this.#displace(rank)) {
      this.#options.onRefuse('queue_full')
      waiter.refuse('queue_full')
      return undefined
    }
    const now = waiter.since
    if (this.depth === 0) this.#time.step(now)
    const joinedAt = this.#time.read(now)
    const line = this.#lines[rank]!
    const entry: Entry<Grant> = { ...waiter, rank, joinedAt, previous: line.last, next: undefined }
    if (line.last === undefined) line.first = entry
    else line.last.next = entry
    line.last = entry
    if (this.depth++ === 0) {
      this.#standsSince = joinedAt
      this.#arm(now)
    }
    return () => {
      this.#take(entry)
    }
  }

  /** Offers slots in turn: `reserve` gives one, or `undefined` where there is none for that request. */
  offer(reserve: (waiter: Waiter<Grant>) => Grant | undefined, hasSlot: () => boolean, now: number): void {
    const time = this.#time.read(now)
    for (const line of this.#lines) {
      let entry = line.first
      while (entry !== undefined && hasSlot()) {
        const next: Entry<Grant> | undefined = entry.next
        const grant = reserve(entry)
        if (grant !== undefined) {
          this.#take(entry)
          this.#flows(entry, time)
          entry.grant(grant)
        }
        entry = next
      }
    }
  }

  /** Refuses whoever has waited too long. */
  expire(now: number): void {
    const { timeout } = this.#options
    const time = this.#time.read(now)
    const bound = this.#stands(time) ? timeout / 2 : timeout
    for (const line of this.#lines) {
      while (line.first !== undefined && time >= line.first.joinedAt + bound) {
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

  #stands(time: number): boolean {
    return time >= this.#standsSince + this.#options.timeout
  }

  /** One that has got a slot soon enough shows that the queue does not stand yet. */
  #flows({ joinedAt }: Entry<Grant>, time: number): void {
    if (time - joinedAt < this.#options.timeout / 2 && !this.#stands(time)) this.#standsSince = time
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
    const { clock, timeout } = this.#options
    const time = this.#time.read(now)
    let delay = tickMs
    for (const { first } of this.#lines) {
      if (first !== undefined) delay = Math.min(delay, first.joinedAt + timeout - time)
    }
    clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(
      () => {
        const then = clock.now()
        this.#time.step(then)
        this.expire(then)
        if (this.depth > 0) this.#arm(then)
      },
      Math.max(0, delay),
    )
  }
}
