import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { systemClock } from '../../clock.ts'
import { HeadgateError } from '../../errors.ts'
import type { RecyclingHandler } from '../connection-facts.ts'
import { Lifespan } from '../lifespan.ts'
import type { RetireReason } from '../pool-options.ts'
import { type PoolStats, sumOf } from '../pool-stats.ts'
import { refuse, ServerPool } from '../server-pool.ts'
import { defaultMaxStreams, type Http2PoolOptions } from './http2-options.ts'
import { SessionDesk } from './session-desk.ts'
import { SessionDialer } from './session-dialer.ts'
import { Upgrades } from './upgrades.ts'

/**
 * Sessions of HTTP/2 to one server that live long enough and no longer. An undici dispatcher, as `RecyclingPool`.
 *
 *     dispatch --> a session with room, in turn ------> its stream ends, and gives its place back
 *            \--> the waiting line --> the next session that has room or is new
 */
export class Http2Pool extends ServerPool {
  readonly #max: number
  readonly #desk: SessionDesk
  readonly #upgrades: Upgrades

  constructor(origin: string | URL, options: Http2PoolOptions = {}) {
    super(origin, options)
    const { max = 128, minIdle = 0, maxQueue = Number.POSITIVE_INFINITY, clock = systemClock } = options
    const { idleTimeout = 60_000, connectTimeout = 2000, tls } = options
    const { maxStreams = defaultMaxStreams, pingAfter = 15_000, pingTimeout = 5000 } = options
    const { maxHeaderSize = 16_384, headersTimeout = 300_000, bodyTimeout = 300_000 } = options
    const dialer = new SessionDialer({ origin: this.origin, connectTimeout, tls, clock, maxHeaderSize })
    this.#max = max
    this.#upgrades = new Upgrades(
      this.origin,
      {
        ...options,
        clock,
        former: undefined,
        onEvent: (event) => this.onEvent(event),
      },
      () => {
        this.#desk.onFreed()
        this.onLess()
      },
    )
    this.#desk = new SessionDesk({
      origin: this.origin,
      lifespan: new Lifespan(options),
      max,
      minIdle,
      maxQueue,
      maxStreams: Math.max(1, maxStreams),
      idleTimeout,
      pingAfter,
      pingTimeout,
      timeouts: { headersTimeout, bodyTimeout },
      clock,
      dial: (callback) => dialer.dial(callback),
      onEvent: (event) => this.onEvent(event),
      countOthers: () => this.#upgrades.stats?.total ?? 0,
      onLess: () => this.onLess(),
    })
  }

  *ages(): Generator<number> {
    yield* this.#desk.ages()
    yield* this.#upgrades.ages()
  }

  withdraw(handler: RecyclingHandler): boolean {
    return this.#desk.withdraw(handler) || this.#upgrades.withdraw(handler)
  }

  isQuiet(): boolean {
    return this.#desk.isQuiet() && this.#upgrades.isQuiet()
  }

  /** Of sessions, and of connections for upgrades. */
  protected get ownStats(): PoolStats {
    const upgrades = this.#upgrades.stats
    return upgrades === undefined ? this.#desk.stats : sumOf(this.#desk.stats, upgrades)
  }

  protected submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    if (!options.upgrade) return this.#desk.submit(options, handler)
    if (!this.#hasRoomForUpgrade()) return refuse(handler, new HeadgateError('HEADGATE_QUEUE_FULL'))
    return this.#upgrades.dispatch(options, handler)
  }

  protected openTunnel(): Promise<Socket> {
    if (!this.#hasRoomForUpgrade()) return Promise.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
    return this.#upgrades.connectSocket()
  }

  protected letGo(reason: RetireReason): void {
    this.#desk.retire(reason)
    this.#upgrades.retire(reason)
  }

  protected takeUp(): void {
    this.#desk.restore()
    this.#upgrades.restore()
  }

  protected cut(error: Error): void {
    this.#desk.cut(error)
    this.#upgrades.cut(error)
  }

  #hasRoomForUpgrade(): boolean {
    return (this.#upgrades.stats?.idle ?? 0) > 0 || this.ownStats.total < this.#max
  }
}
