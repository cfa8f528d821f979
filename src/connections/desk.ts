import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import type { RecyclingHandler } from './connection-facts.ts'
import { Demand } from './demand.ts'
import type { DialFunction } from './dialer.ts'
import { type Dialing, Dials, type TunnelWaiter } from './dials.ts'
import type { Lifespan } from './lifespan.ts'
import { OnceSoon } from './once-soon.ts'
import type { ConnectionEvent, RetireReason } from './pool-options.ts'
import { Roster } from './roster.ts'
import type { OpenSpeaker } from './speaker.ts'
import { Upkeep } from './upkeep.ts'
import { WaitingLine } from './waiting-line.ts'

export interface DeskOptions {
  lifespan: Lifespan
  max: number
  minIdle: number
  maxQueue: number
  idleTimeout: number
  clock: Clock
  dial: DialFunction
  openSpeaker: OpenSpeaker
  onEvent: ((event: ConnectionEvent) => void) | undefined
  /** Something has ended; perhaps all has. */
  onLess: () => void
}

/** Where requests and connections meet: who gets which, who waits, and when a new one is needed. */
export class Desk implements ConnectionOwner {
  readonly #options: DeskOptions
  readonly #clock: Clock
  readonly #demand: Demand
  readonly #upkeep: Upkeep
  readonly #dials: Dials
  readonly #roster = new Roster()
  readonly #waiting = new WaitingLine()
  readonly #tunnelWaiters: TunnelWaiter[] = []
  #lastId = 0
  #retired: RetireReason | undefined
  /** The error that ended everything. */
  #end: Error | undefined
  /** After a response has ended: whether its socket stays is known only when undici has done with it. */
  readonly #serveSoon = new OnceSoon(() => this.#serve())

  constructor(options: DeskOptions) {
    const { clock } = options
    const roster = this.#roster
    const demand = new Demand(options.idleTimeout, clock.now())
    this.#options = options
    this.#clock = clock
    this.#demand = demand
    this.#dials = new Dials({
      dial: options.dial,
      clock,
      stats: roster.stats,
      onDialled: (dialing, socket) => this.#onDialled(dialing, socket),
      onFailed: (dialing, error) => this.#onDialFailed(dialing, error),
    })
    this.#upkeep = new Upkeep({
      ...options,
      roster,
      demand,
      dial: (purpose) => this.#dials.start(purpose),
    })
    if (options.minIdle > 0) this.#upkeep.resume()
  }

  get stats(): Roster['stats'] {
    return this.#roster.stats
  }

  *ages(): Generator<number> {
    for (const { ageMs } of this.#roster) yield ageMs
  }

  /** Whether nothing is left: no connection, no request. */
  isQuiet(): boolean {
    return this.stats.total === 0 && this.#demand.inUse === 0 && this.#tunnelWaiters.length === 0
  }

  /** Gives the request to the connection whose turn it is; false = it waits, or was refused. */
  submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    const now = this.#clock.now()
    // Before it rises: nobody has turned it while there was no connection to look after.
    this.#demand.turn(now)
    if (this.#waiting.length === 0) {
      const connection = this.#roster.take(now)
      if (connection !== undefined) {
        this.#demand.rise()
        this.#start(connection, options, handler)
        return true
      }
    }
    if (!this.#hasRoom() && this.#waiting.length - this.#dials.forRequests >= this.#options.maxQueue) {
      return refuse(handler, new HeadgateError('HEADGATE_QUEUE_FULL'))
    }
    this.#demand.rise()
    this.#waiting.push({ options, handler, since: now, next: undefined })
    this.#dialAsNeeded()
    return false
  }

  withdraw(handler: RecyclingHandler): boolean {
    if (!this.#waiting.remove(handler)) return false
    this.#demand.fall()
    this.#serve()
    return true
  }

  openTunnel(): Promise<Socket> {
    const spare = this.#roster.longestIdle
    if (!this.#hasRoom() && spare === undefined) {
      return Promise.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    this.#tunnelWaiters.push({ resolve, reject })
    if (!this.#hasRoom()) this.#roster.retire(spare!, 'idle')
    this.#dialAsNeeded()
    return promise
  }

  retire(reason: RetireReason): void {
    this.#retired = reason
    this.#upkeep.rest()
    for (const connection of this.#roster) {
      if (!connection.isTunnel && connection.state !== 'retiring') this.#roster.retire(connection, reason)
    }
    this.#dials.cancelSurplus(this.#waiting.length)
  }

  restore(): void {
    this.#retired = undefined
    this.#upkeep.resume()
  }

  cut(error: Error): void {
    this.#end = error
    this.#upkeep.rest()
    this.#dials.cancelAll(error)
    for (const tunnel of this.#tunnelWaiters.splice(0)) tunnel.reject(error)
    for (const connection of this.#roster) {
      connection.reason ??= this.#retired ?? 'shutdown'
      this.#roster.move(connection, 'retiring')
      connection.destroy(error)
    }
    this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, error)
  }

  onEnded(connection: Connection): void {
    this.#demand.fall()
    if (connection.state === 'active') {
      connection.idleSince = this.#clock.now()
      this.#roster.move(connection, 'idle')
    } else {
      connection.close()
    }
    if (this.#waiting.length > 0) this.#serveSoon.ask()
  }

  onBroken(connection: Connection): void {
    this.#demand.fall()
    this.#roster.move(connection, 'retiring')
    this.#options.onLess()
  }

  onUnsent(connection: Connection, options: Dispatcher.DispatchOptions, handler: RecyclingHandler): void {
    this.#roster.move(connection, 'retiring')
    // It has had its turn, and was there before all who wait.
    this.#waiting.unshift({ options, handler, since: Number.NEGATIVE_INFINITY, next: undefined })
    if (this.#end === undefined) this.#serveSoon.ask()
    else this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, this.#end)
  }

  onTunnel(connection: Connection): void {
    this.#demand.fall()
    this.stats.tunnels++
    this.#roster.move(connection, 'active')
  }

  onClosed(connection: Connection): void {
    this.#roster.remove(connection)
    const { id, reason = 'error', ageMs, requests } = connection
    this.#options.onEvent?.({ type: 'closed', id, reason, ageMs, requests })
    this.#dialAsNeeded()
    if (reason === 'max_age' || reason === 'max_requests') this.#upkeep.replenish()
    this.#options.onLess()
  }

  #hasRoom(): boolean {
    return this.stats.total < this.#options.max
  }

  #start(connection: Connection, options: Dispatcher.DispatchOptions, handler: RecyclingHandler): void {
    const reason =
      connection.requests + 1 >= connection.maxRequests
        ? 'max_requests'
        : connection.isLast
          ? 'max_age'
          : this.#retired
    if (reason === undefined) {
      this.#roster.move(connection, 'active')
      connection.start(options, handler, false)
      return
    }
    connection.reason = reason
    this.#roster.move(connection, 'retiring')
    this.#upkeep.replenish()
    connection.start(options, handler, true)
  }

  /** Gives free connections to those who wait, first come, first served, and dials for the rest. */
  #serve(): void {
    const now = this.#clock.now()
    while (this.#waiting.length > 0) {
      const connection = this.#roster.take(now)
      if (connection === undefined) break
      const { options, handler } = this.#waiting.shift()!
      this.#start(connection, options, handler)
    }
    this.#dialAsNeeded()
    this.#options.onLess()
  }

  #dialAsNeeded(): void {
    this.stats.pending = this.#waiting.length
    if (this.#end !== undefined) return
    while (this.#tunnelWaiters.length > 0 && this.#hasRoom()) {
      this.#dials.start({ tunnel: this.#tunnelWaiters.shift()! })
    }
    while (this.#waiting.length > this.#dials.forRequests && this.#hasRoom()) this.#dials.start({})
    this.#upkeep.wake()
  }

  #onDialled({ bornAt, purpose }: Dialing, socket: Socket): void {
    const { lifespan, openSpeaker, onEvent } = this.#options
    const { isSuccessor = false, predecessor, tunnel } = purpose
    const clock = this.#clock
    const deadline = lifespan.drawDeadline(bornAt, clock.now(), isSuccessor)
    const maxRequests = lifespan.drawRequests()
    const id = ++this.#lastId
    const kin = { owner: this, clock, openSpeaker }
    const connection = new Connection({ ...kin, id, socket, bornAt, deadline, maxRequests })
    const resumed = (socket as TLSSocket).encrypted === true && (socket as TLSSocket).isSessionReused()
    if (resumed) this.stats.resumed++
    this.#roster.add(connection)
    this.#upkeep.onDialled()
    onEvent?.({ type: 'opened', id, dialMs: connection.dialMs, resumed })
    if (tunnel !== undefined) return this.#openTunnel(connection, tunnel)
    if (predecessor !== undefined) {
      predecessor.isLast = true
      predecessor.usableUntil = predecessor.deadline
    }
    this.#serve()
    if (connection.state !== 'idle') return
    if (this.#retired === undefined) connection.watch()
    else this.#roster.retire(connection, this.#retired)
  }

  #openTunnel(connection: Connection, tunnel: TunnelWaiter): void {
    this.stats.tunnels++
    this.#roster.move(connection, 'active')
    tunnel.resolve(connection.becomeTunnel())
  }

  #onDialFailed({ bornAt, purpose }: Dialing, error: Error): void {
    this.#upkeep.onDialFailed()
    const { isSuccessor, tunnel } = purpose
    if (tunnel !== undefined) tunnel.reject(error)
    // One request for each failed dial, or all that it was news for where nothing shows that the server lives.
    else if (!isSuccessor)
      this.#failWaiters(bornAt, this.stats.active > 0 ? 1 : Number.POSITIVE_INFINITY, error)
    this.#serve()
  }

  /** Fails those who came before this time, `most` of them. What they send in return waits behind them. */
  #failWaiters(before: number, most: number, error: Error): void {
    const failed = this.#waiting.shiftUntil(before, most)
    this.stats.pending = this.#waiting.length
    for (const { handler } of failed) {
      this.#demand.fall()
      refuse(handler, error)
    }
    this.#options.onLess()
  }
}

/** As undici does it: there is no controller before a request has started. */
export function refuse(handler: RecyclingHandler, error: Error): false {
  handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error)
  return false
}
