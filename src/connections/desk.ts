import type { Clock } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import { Demand } from './demand.ts'
import type { Dial } from './dialer.ts'
import { type Dialing, Dials, type TunnelWaiter } from './dials.ts'
import type { Birth, Life } from './life.ts'
import type { Lifespan } from './lifespan.ts'
import { OnceSoon } from './once-soon.ts'
import type { ConnectionEvent, RetireReason } from './pool-options.ts'
import type { PoolStats } from './pool-stats.ts'
import { Roster } from './roster.ts'
import { Upkeep } from './upkeep.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'

/**
 * A pool sets up an eighth of its connections at once, or so many. A handshake takes processor time, of which a burst
 * has none to spare: meanwhile connections become free, and who waits for a new one takes those.
 */
const dialsAtOnce = 8
const partAtOnce = 1 / 8

/** Sets one connection up, as far as its first request. */
export type DialWith<Made> = (callback: (error: Error | undefined, made: Made | undefined) => void) => Dial

export interface DeskOptions<Made> {
  lifespan: Lifespan
  max: number
  minIdle: number
  maxQueue: number
  idleTimeout: number
  clock: Clock
  dial: DialWith<Made>
  onEvent: ((event: ConnectionEvent) => void) | undefined
  /** Something has ended; perhaps all has. */
  onLess: () => void
}

/**
 * Where requests and connections meet: who gets which, who waits, and when a new one is needed. What a request and a
 * connection are, the protocol says.
 *
 *     taken:  a connection with room, in turn --> start
 *     wait:   the line --> serve, when one is free or new --> start
 */
export abstract class Desk<C extends Life, W extends Waiter, Made> {
  protected readonly clock: Clock
  protected readonly demand: Demand
  protected readonly upkeep: Upkeep<C>
  protected readonly dials: Dials<C, Made>
  protected readonly roster = new Roster<C>()
  protected readonly waiting = new WaitingLine<W>()
  /** Why everything retires. */
  protected retired: RetireReason | undefined
  readonly #options: DeskOptions<Made>
  /** The error that ended everything. */
  #end: Error | undefined
  #lastId = 0
  /** After a response has ended: whether its connection stays is known only when all is done with it. */
  readonly #serveSoon = new OnceSoon(() => this.serve())

  constructor(options: DeskOptions<Made>) {
    const { clock, lifespan, idleTimeout, dial, max } = options
    const { roster } = this
    this.#options = options
    this.clock = clock
    this.demand = new Demand(idleTimeout, lifespan.maxAge, clock.now())
    this.dials = new Dials({
      dial,
      clock,
      stats: roster.stats,
      most: Math.max(dialsAtOnce, Math.ceil(max * partAtOnce)),
      onDialled: (dialing, made) => this.#onDialled(dialing, made),
      onFailed: (dialing, error) => this.#onDialFailed(dialing, error),
    })
    this.upkeep = new Upkeep<C>({
      ...options,
      roster,
      demand: this.demand,
      perConnection: () => this.perConnection,
      hasRoom: () => this.hasRoom(),
      mayDial: () => this.dials.mayStart(),
      dial: (purpose) => this.dials.start(purpose),
    })
  }

  get stats(): PoolStats {
    return this.roster.stats
  }

  *ages(): Generator<number> {
    for (const { ageMs } of this.roster) yield ageMs
  }

  /** Whether nothing is left: no connection, no request. */
  isQuiet(): boolean {
    return this.stats.total === 0 && this.demand.inUse === 0
  }

  withdraw(handler: W['handler']): boolean {
    if (!this.waiting.remove(handler)) return false
    this.demand.fall()
    this.serve()
    return true
  }

  retire(reason: RetireReason): void {
    this.retired = reason
    for (const connection of [...this.roster]) {
      if (connection.isInService()) this.roster.retire(connection, reason)
    }
    this.dials.cancelSurplus(this.#dialsNeeded())
    this.upkeep.rest()
  }

  restore(): void {
    this.retired = undefined
    this.upkeep.resume()
  }

  cut(error: Error): void {
    this.#end = error
    this.dials.cancelAll(error)
    for (const connection of [...this.roster]) {
      connection.reason ??= this.retired ?? 'shutdown'
      this.roster.move(connection, 'retiring')
      connection.destroy(error)
    }
    this.upkeep.rest()
    this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, error)
  }

  onClosed(connection: C): void {
    this.roster.remove(connection)
    const { id, reason = 'error', ageMs, requests } = connection
    this.#options.onEvent?.({ type: 'closed', id, reason, ageMs, requests })
    this.dialAsNeeded()
    if (reason === 'max_age' || reason === 'max_requests') this.upkeep.replenish()
    this.upkeep.onGone()
    this.onLess()
  }

  /** Requests that a connection carries at once. */
  protected abstract get perConnection(): number
  /** Makes a connection of what was dialled. */
  protected abstract open(made: Made, birth: Birth): C
  protected abstract start(connection: C, waiter: W): void
  protected abstract refuse(waiter: W, error: Error): void
  /** Makes a tunnel of a newborn, where the protocol has any. */
  protected giveAway?(connection: C, tunnel: TunnelWaiter): void

  protected hasRoom(): boolean {
    return this.room > 0
  }

  /** How many more connections there may be. */
  protected get room(): number {
    return this.#options.max - this.stats.total
  }

  protected onLess(): void {
    this.#options.onLess()
  }

  /** The connection whose turn it is, where nobody waits for one. */
  protected take(): C | undefined {
    const now = this.clock.now()
    // Before it rises: nobody has turned it while there was no connection to look after.
    this.demand.turn(now)
    if (this.waiting.length > 0) return undefined
    const connection = this.roster.take(now)
    if (connection !== undefined) this.demand.rise()
    return connection
  }

  /** Puts a request in the line, where there is something to wait for. */
  protected wait(waiter: W): false {
    const hopeless = this.waiting.length - this.dials.forRequests * this.perConnection
    if (!this.hasRoom() && hopeless >= this.#options.maxQueue) {
      this.refuse(waiter, new HeadgateError('HEADGATE_QUEUE_FULL'))
      return false
    }
    this.demand.rise()
    this.waiting.push(waiter)
    this.dialAsNeeded()
    return false
  }

  /** A request of which the server knows nothing has lost its connection. It was there before all who wait. */
  protected takeBack(waiter: W): void {
    waiter.since = Number.NEGATIVE_INFINITY
    this.waiting.unshift(waiter)
    if (this.#end === undefined) this.#serveSoon.ask()
    else this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, this.#end)
  }

  /** A connection may have room. */
  protected serveSoon(): void {
    if (this.waiting.length > 0) this.#serveSoon.ask()
  }

  /** Gives connections with room to those who wait, first come, first served, and dials for the rest. */
  protected serve(): void {
    const now = this.clock.now()
    while (this.waiting.length > 0) {
      const connection = this.roster.take(now)
      if (connection === undefined) break
      this.start(connection, this.waiting.shift()!)
    }
    this.dialAsNeeded()
    this.onLess()
  }

  protected dialAsNeeded(): void {
    this.stats.pending = this.waiting.length
    if (this.#end !== undefined) return
    while (this.#dialsNeeded() > this.dials.forRequests && this.hasRoom() && this.dials.mayStart())
      this.dials.start({})
    this.upkeep.wake()
  }

  #dialsNeeded(): number {
    return Math.ceil(this.waiting.length / this.perConnection)
  }

  #onDialled({ bornAt, purpose }: Dialing<C>, made: Made): void {
    const { lifespan, onEvent } = this.#options
    const { isSuccessor = false, predecessor, tunnel } = purpose
    const { clock } = this
    const deadline = lifespan.drawDeadline(bornAt, clock.now(), isSuccessor)
    const id = ++this.#lastId
    const connection = this.open(made, { id, clock, bornAt, deadline, maxRequests: lifespan.drawRequests() })
    if (connection.isResumed) this.stats.resumed++
    this.roster.add(connection)
    this.upkeep.onBorn(connection, isSuccessor)
    onEvent?.({ type: 'opened', id, dialMs: connection.dialMs, resumed: connection.isResumed })
    if (tunnel !== undefined) {
      this.giveAway?.(connection, tunnel)
      return this.dialAsNeeded()
    }
    if (predecessor?.isInService()) this.upkeep.dismiss(predecessor)
    this.serve()
    this.upkeep.goOnWarming()
    if (this.retired !== undefined) this.roster.retire(connection, this.retired)
    else if (connection.state === 'idle') connection.watch()
  }

  #onDialFailed({ bornAt, purpose }: Dialing<C>, error: Error): void {
    const { isSuccessor, predecessor, tunnel } = purpose
    this.upkeep.onDialFailed(predecessor)
    // As many requests as it was for, or all that it was news for where nothing shows that the server lives.
    const most = this.stats.active > 0 ? this.#waitersPerDial() : Number.POSITIVE_INFINITY
    if (tunnel !== undefined) tunnel.reject(error)
    else if (!isSuccessor) this.#failWaiters(bornAt, most, error)
    this.serve()
    this.upkeep.onGone()
  }

  /** A dial that has just ended was for one request, or for several where not all that were needed could run at once. */
  #waitersPerDial(): number {
    const running = this.dials.forRequests
    return Math.ceil(Math.min(this.#dialsNeeded(), running + this.room) / (running + 1))
  }

  /** Fails those who came before this time, `most` of them. What they send in return waits behind them. */
  #failWaiters(before: number, most: number, error: Error): void {
    const failed = this.waiting.shiftUntil(before, most)
    this.stats.pending = this.waiting.length
    for (const waiter of failed) {
      this.demand.fall()
      this.refuse(waiter, error)
    }
    this.onLess()
  }
}
