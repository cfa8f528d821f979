import type { Dispatcher } from 'undici'
import type { Clock } from '../../clock.ts'
import { HeadgateError } from '../../errors.ts'
import type { RecyclingHandler } from '../connection-facts.ts'
import { Demand } from '../demand.ts'
import type { Dial } from '../dialer.ts'
import { type Dialing, Dials } from '../dials.ts'
import type { Lifespan } from '../lifespan.ts'
import { OnceSoon } from '../once-soon.ts'
import type { ConnectionEvent, RetireReason } from '../pool-options.ts'
import { WaitingLine } from '../waiting-line.ts'
import { Session, type SessionOwner } from './session.ts'
import type { OpenedSession, SessionCallback } from './session-dialer.ts'
import { SessionRoster } from './session-roster.ts'
import { SessionUpkeep } from './session-upkeep.ts'
import { type RequestOwner, type RequestTimeouts, StreamRequest } from './stream-request.ts'

export interface SessionDeskOptions {
  origin: URL
  lifespan: Lifespan
  max: number
  minIdle: number
  maxQueue: number
  maxStreams: number
  idleTimeout: number
  pingAfter: number
  pingTimeout: number
  timeouts: RequestTimeouts
  clock: Clock
  dial: (callback: SessionCallback) => Dial
  onEvent: ((event: ConnectionEvent) => void) | undefined
  /** Connections of the pool that are no sessions; they count within `max`. */
  countOthers: () => number
  /** Something has ended; perhaps all has. */
  onLess: () => void
}

/** Beyond any number of streams that a session can have (RFC 9113, section 5.1.1). */
const maxStreamIds = 2 ** 30

/** Where requests and sessions meet: who gets which, who waits, and when a new one is needed. */
export class SessionDesk implements SessionOwner, RequestOwner {
  readonly origin: URL
  readonly #options: SessionDeskOptions
  readonly #clock: Clock
  readonly #demand: Demand
  readonly #upkeep: SessionUpkeep
  readonly #dials: Dials<Session, OpenedSession>
  readonly #roster: SessionRoster
  readonly #waiting = new WaitingLine<StreamRequest>()
  #lastId = 0
  #retired: RetireReason | undefined
  /** The error that ended everything. */
  #end: Error | undefined
  readonly #serveSoon = new OnceSoon(() => this.#serve())

  constructor(options: SessionDeskOptions) {
    const { origin, clock, maxStreams, idleTimeout, minIdle } = options
    const roster = new SessionRoster(maxStreams)
    const demand = new Demand(idleTimeout, clock.now())
    this.origin = origin
    this.#options = options
    this.#clock = clock
    this.#demand = demand
    this.#roster = roster
    this.#dials = new Dials({
      dial: options.dial,
      clock,
      stats: roster.stats,
      onDialled: (dialing, opened) => this.#onDialled(dialing, opened),
      onFailed: (dialing, error) => this.#onDialFailed(dialing, error),
    })
    this.#upkeep = new SessionUpkeep({
      ...options,
      roster,
      demand,
      hasRoom: () => this.#hasRoom(),
      dial: (purpose) => this.#dials.start(purpose),
    })
    if (minIdle > 0) this.#upkeep.resume()
  }

  get stats(): SessionRoster['stats'] {
    return this.#roster.stats
  }

  *ages(): Generator<number> {
    for (const { ageMs } of this.#roster) yield ageMs
  }

  now(): number {
    return this.#clock.now()
  }

  /** Whether nothing is left: no session, no request. */
  isQuiet(): boolean {
    return this.stats.total === 0 && this.#demand.inUse === 0
  }

  /** Gives the request to the session whose turn it is; false = it waits, or was refused. */
  submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    const { headersTimeout, bodyTimeout } = { ...this.#options.timeouts, ...given(options) }
    const request = new StreamRequest(options, handler, this, { headersTimeout, bodyTimeout })
    if (this.#waiting.length === 0) {
      const session = this.#roster.take(this.#clock.now())
      if (session !== undefined) {
        this.#demand.rise()
        this.#start(session, request)
        return true
      }
    }
    const hopeless = this.#waiting.length - this.#dials.forRequests * this.#roster.streamsPerSession
    if (!this.#hasRoom() && hopeless >= this.#options.maxQueue) {
      request.refuse(new HeadgateError('HEADGATE_QUEUE_FULL'))
      return false
    }
    this.#demand.rise()
    this.#waiting.push(request)
    this.#dialAsNeeded()
    return false
  }

  withdraw(handler: RecyclingHandler): boolean {
    if (!this.#waiting.remove(handler)) return false
    this.#demand.fall()
    this.#serve()
    return true
  }

  retire(reason: RetireReason): void {
    this.#retired = reason
    this.#upkeep.rest()
    for (const session of this.#roster) this.#roster.retire(session, reason)
    this.#dials.cancelSurplus(this.#dialsNeeded())
  }

  restore(): void {
    this.#retired = undefined
    this.#upkeep.resume()
  }

  cut(error: Error): void {
    this.#end = error
    this.#upkeep.rest()
    this.#dials.cancelAll(error)
    for (const session of [...this.#roster]) {
      this.#roster.retire(session, this.#retired ?? 'shutdown')
      session.destroy(error)
    }
    this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, error)
  }

  onChanged(session: Session): void {
    this.#roster.settle(session)
    if (this.#waiting.length > 0) this.#serveSoon.ask()
  }

  onGoaway(session: Session): void {
    this.#roster.retire(session, 'remote')
  }

  onClosed(session: Session): void {
    this.#roster.remove(session)
    const { id, reason = 'error', ageMs, requests } = session
    this.#options.onEvent?.({ type: 'closed', id, reason, ageMs, requests })
    this.onFreed()
    if (reason === 'max_age' || reason === 'max_requests') this.#upkeep.replenish()
    this.#upkeep.onGone()
    this.#options.onLess()
  }

  onReturned(request: StreamRequest): void {
    // It has had its turn, and was there before all who wait.
    request.since = Number.NEGATIVE_INFINITY
    this.#waiting.unshift(request)
    if (this.#end === undefined) this.#serveSoon.ask()
    else this.#failWaiters(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, this.#end)
  }

  onAbandoned(request: StreamRequest): void {
    if (this.#waiting.remove(request.handler)) this.onOver()
  }

  onOver(): void {
    this.#demand.fall()
    this.stats.pending = this.#waiting.length
    this.#options.onLess()
  }

  /** There may be room for one more connection. */
  onFreed(): void {
    this.#dialAsNeeded()
  }

  #hasRoom(): boolean {
    return this.stats.total + this.#options.countOthers() < this.#options.max
  }

  #start(session: Session, request: StreamRequest): void {
    const wasWorn = session.isWorn()
    request.start(session)
    this.#roster.settle(session)
    if (session.state === 'retiring') return
    if (session.requests >= session.maxRequests) this.#roster.retire(session, 'max_requests')
    else if (this.#retired !== undefined) this.#roster.retire(session, this.#retired)
    if (!wasWorn && session.isWorn()) this.#upkeep.replenish()
  }

  /** Gives those who wait to sessions with room, first come, first served, and dials for the rest. */
  #serve(): void {
    const now = this.#clock.now()
    while (this.#waiting.length > 0) {
      const session = this.#roster.take(now)
      if (session === undefined) break
      this.#start(session, this.#waiting.shift()!)
    }
    this.#dialAsNeeded()
    this.#options.onLess()
  }

  #dialsNeeded(): number {
    return Math.ceil(this.#waiting.length / this.#roster.streamsPerSession)
  }

  #dialAsNeeded(): void {
    this.stats.pending = this.#waiting.length
    if (this.#end !== undefined) return
    while (this.#dialsNeeded() > this.#dials.forRequests && this.#hasRoom()) this.#dials.start({})
    if (this.stats.total > 0) this.#upkeep.wake()
  }

  #onDialled({ bornAt, purpose }: Dialing<Session>, opened: OpenedSession): void {
    const { lifespan, maxStreams, onEvent } = this.#options
    const { isSuccessor = false, predecessor } = purpose
    const clock = this.#clock
    const deadline = lifespan.drawDeadline(bornAt, clock.now(), isSuccessor)
    const maxRequests = Math.min(lifespan.drawRequests(), maxStreamIds)
    const id = ++this.#lastId
    const limits = { bornAt, deadline, maxRequests, maxStreams }
    const session = new Session({ ...opened, ...limits, id, owner: this, clock })
    const { socket } = opened
    const resumed = 'isSessionReused' in socket && (socket.isSessionReused as () => boolean)()
    if (resumed) this.stats.resumed++
    this.#roster.add(session)
    this.#upkeep.onDialled()
    onEvent?.({ type: 'opened', id, dialMs: session.dialMs, resumed })
    if (predecessor !== undefined && predecessor.state !== 'retiring') {
      this.#roster.retire(predecessor, 'max_age')
    }
    this.#serve()
    if (this.#retired !== undefined) this.#roster.retire(session, this.#retired)
  }

  #onDialFailed({ bornAt, purpose }: Dialing<Session>, error: Error): void {
    this.#upkeep.onDialFailed()
    // One request for each failed dial, or all that it was news for where nothing shows that the server lives.
    if (purpose.isSuccessor !== true) {
      this.#failWaiters(bornAt, this.stats.active > 0 ? 1 : Number.POSITIVE_INFINITY, error)
    }
    this.#serve()
  }

  /** Fails those who came before this time, `most` of them. What they send in return waits behind them. */
  #failWaiters(before: number, most: number, error: Error): void {
    const failed = this.#waiting.shiftUntil(before, most)
    this.stats.pending = this.#waiting.length
    for (const request of failed) {
      this.#demand.fall()
      request.refuse(error)
    }
    this.#options.onLess()
  }
}

/** The time limits that a request says itself. */
function given({ headersTimeout, bodyTimeout }: Dispatcher.DispatchOptions): Partial<RequestTimeouts> {
  return {
    ...(typeof headersTimeout === 'number' && { headersTimeout }),
    ...(typeof bodyTimeout === 'number' && { bodyTimeout }),
  }
}
