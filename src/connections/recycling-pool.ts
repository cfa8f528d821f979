import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Client, Dispatcher, errors } from 'undici'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import { Connection, type ConnectionOwner, type RecyclingHandler } from './connection.ts'
import { Demand } from './demand.ts'
import { type Dial, Dialer, type DialFunction } from './dialer.ts'
import { Lifespan } from './lifespan.ts'
import type { RecyclingPoolOptions, RetireReason } from './pool-options.ts'
import type { PoolStats } from './pool-stats.ts'
import { Roster } from './roster.ts'
import { Upkeep } from './upkeep.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'

/** A connection that is being set up, and what for. */
interface Dialing {
  readonly bornAt: number
  readonly isSuccessor: boolean
  /** The connection that serves on until this one is ready. */
  readonly predecessor: Connection | undefined
  /** Who gets the bare socket. */
  readonly tunnel: TunnelWaiter | undefined
  dial: Dial | undefined
}

interface TunnelWaiter {
  resolve(socket: Socket): void
  reject(error: Error): void
}

/** The longest time that a timer can run; undici's own idle limit is put out of the way by it. */
const never = 2 ** 31 - 1

/**
 * Connections to one server that live long enough and no longer. An undici dispatcher: it works alone, with undici's
 * `request`, `fetch` and `stream`.
 *
 *     dispatch --> an idle connection, in turn -----> its response ends --> idle again, or retired
 *            \--> the waiting line --> the next connection that is free or new
 */
export class RecyclingPool extends Dispatcher implements ConnectionOwner {
  readonly origin: URL
  /** What the pool has and has had; always up to date. */
  readonly stats: PoolStats
  readonly #clock: Clock
  readonly #max: number
  readonly #minIdle: number
  readonly #maxQueue: number
  readonly #onEvent: RecyclingPoolOptions['onEvent']
  readonly #dialOne: DialFunction
  readonly #clientOptions: Client.Options
  readonly #lifespan: Lifespan
  readonly #demand: Demand
  readonly #upkeep: Upkeep
  readonly #roster = new Roster()
  readonly #waiting = new WaitingLine()
  readonly #tunnelWaiters: TunnelWaiter[] = []
  readonly #dials = new Set<Dialing>()
  /** Those of the dials that are for tunnels. */
  #tunnelDials = 0
  #closers: (() => void)[] = []
  #timer: Timer | undefined
  #lastId = 0
  #retired: RetireReason | undefined
  #life: 'open' | 'closed' | 'destroyed' = 'open'
  #isServeScheduled = false
  #needsDrain = false

  constructor(origin: string | URL, options: RecyclingPoolOptions = {}) {
    super()
    const {
      max = 128,
      minIdle = 0,
      idleTimeout = 60_000,
      connectTimeout = 2000,
      clock = systemClock,
    } = options
    this.origin = new URL(origin)
    this.#clock = clock
    this.#max = max
    this.#minIdle = minIdle
    this.#maxQueue = options.maxQueue ?? Number.POSITIVE_INFINITY
    this.#onEvent = options.onEvent
    this.#clientOptions = {
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: options.maxHeaderSize ?? 16_384,
      ...(options.headersTimeout !== undefined && { headersTimeout: options.headersTimeout }),
      ...(options.bodyTimeout !== undefined && { bodyTimeout: options.bodyTimeout }),
      keepAliveTimeout: never,
      keepAliveMaxTimeout: never,
      // A server that names its own limit has its last request a second before that.
      keepAliveTimeoutThreshold: 1000,
    }
    const dialer = new Dialer({ origin: this.origin, connectTimeout, tls: options.tls, clock })
    this.#dialOne = options.dial ?? ((callback) => dialer.dial(callback))
    this.#lifespan = new Lifespan(options)
    const now = clock.now()
    this.#demand = new Demand(idleTimeout, now)
    this.stats = this.#roster.stats
    this.#upkeep = new Upkeep({
      roster: this.#roster,
      demand: this.#demand,
      lifespan: this.#lifespan,
      max,
      minIdle,
      idleTimeout,
      now,
      dial: (isSuccessor, predecessor) => this.#dial(isSuccessor, predecessor),
    })
    if (minIdle > 0) this.#tick()
  }

  /**
   * Sends a request on the connection whose turn it is, or lets it wait for one; false = it waits. Where no
   * connection can be set up, the handler's `onResponseError` gets the error without `onRequestStart` before it.
   */
  override dispatch(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    if (handler === null || typeof handler !== 'object') {
      throw new errors.InvalidArgumentError('handler must be an object')
    }
    if (options === null || typeof options !== 'object') {
      return refuse(handler, new errors.InvalidArgumentError('options must be an object'))
    }
    if (this.#life !== 'open') return refuse(handler, this.#endError())
    const now = this.#clock.now()
    if (this.#waiting.length === 0) {
      const connection = this.#roster.take(now)
      if (connection !== undefined) {
        this.#demand.rise()
        this.#start(connection, options, handler)
        return true
      }
    }
    if (!this.#hasRoom() && this.#waiting.length - this.#dials.size >= this.#maxQueue) {
      return refuse(handler, new HeadgateError('HEADGATE_QUEUE_FULL'))
    }
    this.#demand.rise()
    this.#waiting.push(options, handler, now)
    this.#needsDrain = true
    this.#dialAsNeeded()
    return false
  }

  /**
   * Takes back the request of this handler while it still waits for a connection; nothing more is called on it.
   * False: it does not wait any more, and is stopped by its controller.
   */
  withdraw(handler: RecyclingHandler): boolean {
    if (!this.#waiting.remove(handler)) return false
    this.#demand.fall()
    this.#serve()
    return true
  }

  /**
   * Sets up a connection of its own and gives its socket away, for a tunnel. It counts as active, and within `max`,
   * until it is closed; no limit of age ends it. Rejects with HEADGATE_QUEUE_FULL when every connection is in use.
   */
  connectSocket(): Promise<Socket> {
    if (this.#life !== 'open') return Promise.reject(this.#endError())
    const spare = this.#hasRoom() ? undefined : this.#roster.longestIdle
    if (spare === undefined && !this.#hasRoom()) {
      return Promise.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    this.#tunnelWaiters.push({ resolve, reject })
    if (spare === undefined) this.#dialAsNeeded()
    else this.#roster.retire(spare, 'idle')
    return promise
  }

  /**
   * Lets every connection go: idle ones now, the others after the request that they carry; tunnels stay. Requests
   * that come nevertheless are served, each by a connection of its own.
   */
  retire(reason: RetireReason = 'server_removed'): void {
    this.#retired = reason
    for (const connection of this.#roster) {
      if (!connection.isTunnel && connection.state !== 'retiring') this.#roster.retire(connection, reason)
    }
    for (const dialing of this.#dials) {
      if (this.#dials.size - this.#tunnelDials <= this.#waiting.length) break
      if (dialing.tunnel === undefined) this.#cancel(dialing)
    }
  }

  /** Takes back `retire`, for a server that has come back. */
  restore(): void {
    if (this.#life !== 'open') return
    this.#retired = undefined
    this.#keepTime()
  }

  /** Takes no more requests, and ends when those that it has, and the tunnels, have ended. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    if (callback === undefined) return new Promise((resolve) => this.close(resolve))
    this.#closers.push(callback)
    if (this.#life === 'open') {
      this.#life = 'closed'
      this.retire(this.#retired ?? 'shutdown')
    }
    this.#finish()
    return undefined
  }

  /** Ends at once: requests that run or wait fail with the error, tunnels are cut. */
  override destroy(error: Error | null, callback: () => void): void
  override destroy(callback: () => void): void
  override destroy(error?: Error | null): Promise<void>
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    if (typeof error === 'function') return void this.destroy(null, error)
    if (callback === undefined) return new Promise((resolve) => this.destroy(error ?? null, resolve))
    this.#closers.push(callback)
    this.#life = 'destroyed'
    this.#clock.clearTimeout(this.#timer)
    const cause = error ?? new errors.ClientDestroyedError()
    for (const dialing of this.#dials) this.#cancel(dialing, cause)
    for (const tunnel of this.#tunnelWaiters.splice(0)) tunnel.reject(cause)
    for (const connection of this.#roster) {
      connection.reason ??= this.#retired ?? 'shutdown'
      this.#roster.move(connection, 'retiring')
      connection.destroy(cause)
    }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#fail(next, cause)
    this.#finish()
    return undefined
  }

  onEnded(connection: Connection): void {
    this.#demand.fall()
    if (connection.state === 'active') {
      connection.idleSince = this.#clock.now()
      this.#roster.move(connection, 'idle')
    } else {
      connection.close()
    }
    if (this.#waiting.length > 0) this.#scheduleServe()
  }

  onBroken(connection: Connection): void {
    this.#demand.fall()
    this.#roster.move(connection, 'retiring')
    this.#finish()
  }

  onUnsent(
    connection: Connection,
    options: Dispatcher.DispatchOptions,
    handler: RecyclingHandler,
    error: Error,
  ): void {
    this.#roster.move(connection, 'retiring')
    const waiter: Waiter = { options, handler, since: Number.NEGATIVE_INFINITY, next: undefined }
    if (this.#life === 'destroyed') {
      this.#fail(waiter, error)
      this.#finish()
      return
    }
    this.#waiting.unshift(waiter)
    this.#scheduleServe()
  }

  onTunnel(connection: Connection): void {
    this.#demand.fall()
    this.stats.tunnels++
    this.#roster.move(connection, 'active')
  }

  onClosed(connection: Connection): void {
    this.#roster.remove(connection)
    const { id, reason = 'error', ageMs, requests } = connection
    this.#onEvent?.({ type: 'closed', id, reason, ageMs, requests })
    this.#dialAsNeeded()
    if (reason === 'max_age' || reason === 'max_requests') this.#replenish()
    this.#finish()
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
    this.#replenish()
    connection.start(options, handler, true)
  }

  #hasRoom(): boolean {
    return this.stats.total < this.#max
  }

  #replenish(): void {
    if (this.#retired === undefined) this.#upkeep.replenish()
  }

  /** After a response has ended: whether its socket stays is known only when undici has done with it. */
  #scheduleServe(): void {
    if (this.#isServeScheduled) return
    this.#isServeScheduled = true
    queueMicrotask(this.#serveScheduled)
  }

  readonly #serveScheduled = (): void => {
    this.#isServeScheduled = false
    this.#serve()
  }

  /** Gives free connections to those who wait, and dials for the rest. */
  #serve(): void {
    const now = this.#clock.now()
    while (this.#waiting.length > 0) {
      const connection = this.#roster.take(now)
      if (connection === undefined) break
      const { options, handler } = this.#waiting.shift()!
      this.#start(connection, options, handler)
    }
    this.#dialAsNeeded()
    if (this.#needsDrain && this.#waiting.length === 0) {
      this.#needsDrain = false
      this.emit('drain', this.origin)
    }
    this.#finish()
  }

  #dialAsNeeded(): void {
    this.stats.pending = this.#waiting.length
    if (this.#life === 'destroyed') return
    while (this.#tunnelWaiters.length > 0 && this.#hasRoom())
      this.#dial(false, undefined, this.#tunnelWaiters.shift())
    while (this.#waiting.length > this.#dials.size - this.#tunnelDials && this.#hasRoom()) this.#dial(false)
  }

  #dial(isSuccessor: boolean, predecessor?: Connection, tunnel?: TunnelWaiter): void {
    const dialing: Dialing = { bornAt: this.#clock.now(), isSuccessor, predecessor, tunnel, dial: undefined }
    this.#dials.add(dialing)
    this.stats.dialing++
    if (tunnel !== undefined) this.#tunnelDials++
    dialing.dial = this.#dialOne((error, socket) => {
      this.#forget(dialing)
      if (socket === undefined) this.#onDialFailed(dialing, error ?? new errors.SocketError('no connection'))
      else this.#onDialled(dialing, socket)
    })
    this.#keepTime()
  }

  #forget(dialing: Dialing): void {
    this.#dials.delete(dialing)
    this.stats.dialing--
    if (dialing.tunnel !== undefined) this.#tunnelDials--
    if (dialing.predecessor !== undefined) dialing.predecessor.isBeingReplaced = false
  }

  #cancel(dialing: Dialing, error?: Error): void {
    dialing.dial?.cancel()
    this.#forget(dialing)
    if (error !== undefined) dialing.tunnel?.reject(error)
  }

  #onDialled({ bornAt, isSuccessor, predecessor, tunnel }: Dialing, socket: Socket): void {
    const now = this.#clock.now()
    const connection = new Connection({
      id: ++this.#lastId,
      socket,
      owner: this,
      clock: this.#clock,
      origin: this.origin,
      client: this.#clientOptions,
      bornAt,
      // Later than its draw where that lies too near: it was set up for a request, and must be there for it.
      deadline: Math.max(bornAt + this.#lifespan.drawAge(isSuccessor), now + this.#lifespan.notice),
      maxRequests: this.#lifespan.drawRequests(),
    })
    const resumed = (socket as TLSSocket).encrypted === true && (socket as TLSSocket).isSessionReused()
    if (resumed) this.stats.resumed++
    this.#roster.add(connection)
    this.#upkeep.onDialled()
    this.#onEvent?.({ type: 'opened', id: connection.id, dialMs: connection.dialMs, resumed })
    if (tunnel !== undefined) {
      this.stats.tunnels++
      this.#roster.move(connection, 'active')
      tunnel.resolve(connection.becomeTunnel())
      return
    }
    if (predecessor !== undefined) {
      predecessor.isLast = true
      predecessor.usableUntil = predecessor.deadline
    }
    this.#serve()
    if (connection.state !== 'idle') return
    if (this.#retired === undefined) connection.watch()
    else this.#roster.retire(connection, this.#retired)
  }

  #onDialFailed({ bornAt, isSuccessor, tunnel }: Dialing, error: Error): void {
    this.stats.failedDials++
    this.#upkeep.onDialFailed(this.#clock.now())
    if (tunnel !== undefined) tunnel.reject(error)
    else if (!isSuccessor) this.#failWaiters(bornAt, error)
    this.#serve()
  }

  /** One request for each failed dial; all that were there before it where no connection shows that the server lives. */
  #failWaiters(before: number, error: Error): void {
    const failed: Waiter[] = []
    const most = this.stats.active > 0 ? 1 : Number.POSITIVE_INFINITY
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (next.since > before || failed.length >= most) break
      failed.push(next)
      this.#waiting.shift()
    }
    for (const waiter of failed) this.#fail(waiter, error)
  }

  #fail({ handler }: Waiter, error: Error): void {
    this.#demand.fall()
    refuse(handler, error)
  }

  #endError(): Error {
    return this.#life === 'closed' ? new errors.ClientClosedError() : new errors.ClientDestroyedError()
  }

  #finish(): void {
    if (this.#closers.length === 0 || this.#roster.size > 0 || this.#dials.size > 0 || this.#demand.inUse > 0)
      return
    const closers = this.#closers
    this.#closers = []
    this.#clock.clearTimeout(this.#timer)
    queueMicrotask(() => {
      for (const callback of closers) callback()
    })
  }

  #keepTime(): void {
    if (this.#life === 'destroyed' || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(this.#tick, this.#lifespan.sweepEvery)
  }

  readonly #tick = (): void => {
    this.#timer = undefined
    if (this.#retired === undefined) this.#upkeep.run(this.#clock.now())
    if (this.#roster.size > 0 || this.#dials.size > 0 || (this.#minIdle > 0 && this.#life === 'open'))
      this.#keepTime()
  }
}

function refuse(handler: RecyclingHandler, error: Error): false {
  // As undici does: there is no controller before the request has started.
  handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error)
  return false
}
