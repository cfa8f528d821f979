import type { Socket } from 'node:net'
import { Dispatcher, errors } from 'undici'
import { systemClock } from '../../clock.ts'
import { HeadgateError } from '../../errors.ts'
import type { RecyclingHandler } from '../connection-facts.ts'
import { refuse } from '../desk.ts'
import { Lifespan } from '../lifespan.ts'
import type { RetireReason } from '../pool-options.ts'
import type { PoolStats } from '../pool-stats.ts'
import type { ServerPool } from '../server-pool.ts'
import { defaultMaxStreams, type Http2PoolOptions } from './http2-options.ts'
import { SessionDesk } from './session-desk.ts'
import { SessionDialer } from './session-dialer.ts'
import { sumOf, Upgrades } from './upgrades.ts'

/**
 * Sessions of HTTP/2 to one server that live long enough and no longer. An undici dispatcher, as `RecyclingPool`.
 *
 *     dispatch --> a session with room, in turn ------> its stream ends, and gives its place back
 *            \--> the waiting line --> the next session that has room or is new
 */
export class Http2Pool extends Dispatcher implements ServerPool {
  readonly origin: URL
  readonly #max: number
  readonly #desk: SessionDesk
  readonly #upgrades: Upgrades
  #life: 'open' | 'closed' | 'destroyed' = 'open'
  #retired: RetireReason | undefined
  #onQuiet: (() => void)[] = []
  #hasUpgradesEnded = false
  #needsDrain = false

  constructor(origin: string | URL, options: Http2PoolOptions = {}) {
    super()
    const {
      max = 128,
      minIdle = 0,
      maxStreams = defaultMaxStreams,
      idleTimeout = 60_000,
      connectTimeout = 2000,
    } = options
    const { pingAfter = 15_000, pingTimeout = 5000, maxHeaderSize = 16_384, clock = systemClock } = options
    const { headersTimeout = 300_000, bodyTimeout = 300_000, maxQueue, tls, onEvent } = options
    this.origin = new URL(new URL(origin).origin)
    this.#max = max
    const dialer = new SessionDialer({ origin: this.origin, connectTimeout, tls, clock, maxHeaderSize })
    this.#upgrades = new Upgrades(this.origin, { ...options, clock }, () => {
      this.#desk.onFreed()
      this.#onLess()
    })
    this.#desk = new SessionDesk({
      origin: this.origin,
      lifespan: new Lifespan(options),
      max,
      minIdle,
      maxQueue: maxQueue ?? Number.POSITIVE_INFINITY,
      maxStreams: Math.max(1, maxStreams),
      idleTimeout,
      pingAfter,
      pingTimeout,
      timeouts: { headersTimeout, bodyTimeout },
      clock,
      dial: (callback) => dialer.dial(callback),
      onEvent,
      countOthers: () => this.#upgrades.stats?.total ?? 0,
      onLess: () => this.#onLess(),
    })
  }

  /** What the pool has and has had: sessions, and connections for upgrades. Read it anew each time. */
  get stats(): PoolStats {
    const upgrades = this.#upgrades.stats
    return upgrades === undefined ? this.#desk.stats : sumOf(this.#desk.stats, upgrades)
  }

  /** How old each session and each connection for upgrades is, in milliseconds. */
  *ages(): Generator<number> {
    yield* this.#desk.ages()
    yield* this.#upgrades.ages()
  }

  /**
   * Sends a request on the session whose turn it is, or lets it wait for one; false = it waits. Where none can be set
   * up, the handler's `onResponseError` gets the error without `onRequestStart` before it.
   */
  override dispatch(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    if (handler === null || typeof handler !== 'object') {
      throw new errors.InvalidArgumentError('handler must be an object')
    }
    if (options === null || typeof options !== 'object') {
      return refuse(handler, new errors.InvalidArgumentError('options must be an object'))
    }
    if (this.#life !== 'open') return refuse(handler, this.#endError())
    if (options.upgrade) {
      if (!this.#hasRoomForUpgrade()) return refuse(handler, new HeadgateError('HEADGATE_QUEUE_FULL'))
      return this.#upgrades.dispatch(options, handler)
    }
    if (this.#desk.submit(options, handler)) return true
    this.#needsDrain = true
    return false
  }

  /**
   * Takes back the request of this handler while it still waits for a session; nothing more is called on it.
   * False: it does not wait any more, and is stopped by its controller.
   */
  withdraw(handler: RecyclingHandler): boolean {
    return this.#desk.withdraw(handler) || this.#upgrades.withdraw(handler)
  }

  /** Sets up a connection of HTTP/1.1 and gives its socket away, for a tunnel. It counts within `max`. */
  connectSocket(): Promise<Socket> {
    if (this.#life !== 'open') return Promise.reject(this.#endError())
    if (!this.#hasRoomForUpgrade()) return Promise.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
    return this.#upgrades.connectSocket()
  }

  /**
   * Lets every session go: idle ones now, the others after the requests that they carry; tunnels stay. Requests that
   * come nevertheless are served, by sessions that go as soon as they are done.
   */
  retire(reason: RetireReason = 'server_removed'): void {
    this.#retired = reason
    this.#desk.retire(reason)
    this.#upgrades.retire(reason)
  }

  /** Takes back `retire`, for a server that has come back. */
  restore(): void {
    if (this.#life !== 'open' || this.#retired === undefined) return
    this.#retired = undefined
    this.#desk.restore()
    this.#upgrades.restore()
  }

  /** Takes no more requests, and ends when those that it has, and the tunnels, have ended. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    if (callback === undefined) return new Promise((resolve) => this.close(resolve))
    this.#onQuiet.push(callback)
    if (this.#life === 'open') {
      this.#life = 'closed'
      this.retire(this.#retired ?? 'shutdown')
      this.#upgrades.close(this.#onUpgradesEnded)
    }
    this.#onLess()
    return undefined
  }

  /** Ends at once: requests that run or wait fail with the error, tunnels are cut. */
  override destroy(error: Error | null, callback: () => void): void
  override destroy(callback: () => void): void
  override destroy(error?: Error | null): Promise<void>
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    if (typeof error === 'function') return void this.destroy(null, error)
    if (callback === undefined) return new Promise((resolve) => this.destroy(error ?? null, resolve))
    this.#onQuiet.push(callback)
    if (this.#life !== 'destroyed') {
      this.#life = 'destroyed'
      this.#desk.cut(error ?? new errors.ClientDestroyedError())
      this.#upgrades.destroy(error ?? null, this.#onUpgradesEnded)
    }
    this.#onLess()
    return undefined
  }

  #hasRoomForUpgrade(): boolean {
    return (this.#upgrades.stats?.idle ?? 0) > 0 || this.stats.total < this.#max
  }

  #endError(): Error {
    return this.#life === 'closed' ? new errors.ClientClosedError() : new errors.ClientDestroyedError()
  }

  readonly #onUpgradesEnded = (): void => {
    this.#hasUpgradesEnded = true
    this.#onLess()
  }

  #onLess(): void {
    if (this.#needsDrain && this.#desk.stats.pending === 0) {
      this.#needsDrain = false
      this.emit('drain', this.origin)
    }
    if (this.#onQuiet.length === 0 || !this.#hasUpgradesEnded || !this.#desk.isQuiet()) return
    for (const callback of this.#onQuiet.splice(0)) queueMicrotask(callback)
  }
}
