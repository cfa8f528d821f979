import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { systemClock } from '../clock.ts'
import { ConnectionDesk } from './connection-desk.ts'
import type { RecyclingHandler } from './connection-facts.ts'
import { Dialer, type DialFunction } from './dialer.ts'
import { Lifespan } from './lifespan.ts'
import type { RecyclingPoolOptions, RetireReason } from './pool-options.ts'
import type { PoolStats } from './pool-stats.ts'
import { ServerPool } from './server-pool.ts'
import { speakersFor } from './speakers.ts'

/**
 * Connections to one server that live long enough and no longer. An undici dispatcher: it works alone, with undici's
 * `request`, `fetch` and `stream`.
 *
 *     dispatch --> an idle connection, in turn -----> its response ends --> idle again, or retired
 *            \--> the waiting line --> the next connection that is free or new
 */
export class RecyclingPool extends ServerPool {
  override readonly sendsExpectations: boolean
  readonly #desk: ConnectionDesk

  constructor(origin: string | URL, options: RecyclingPoolOptions = {}) {
    super(origin, options)
    this.sendsExpectations = options.driver !== 'undici'
    const { max = 128, minIdle = 0, maxQueue = Number.POSITIVE_INFINITY, clock = systemClock } = options
    const { idleTimeout = 60_000, connectTimeout = 2000, tls } = options
    const { dial = dialTo(new Dialer({ origin: this.origin, connectTimeout, tls, clock })) } = options
    this.#desk = new ConnectionDesk({
      lifespan: new Lifespan(options),
      max,
      minIdle,
      maxQueue,
      idleTimeout,
      clock,
      dial,
      openSpeaker: speakersFor(this.origin, options, clock),
      onEvent: (event) => this.onEvent(event),
      onLess: () => this.onLess(),
    })
  }

  ages(): Iterable<number> {
    return this.#desk.ages()
  }

  withdraw(handler: RecyclingHandler): boolean {
    return this.#desk.withdraw(handler)
  }

  isQuiet(): boolean {
    return this.#desk.isQuiet()
  }

  protected get ownStats(): PoolStats {
    return this.#desk.stats
  }

  protected submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    return this.#desk.submit(options, handler)
  }

  protected openTunnel(): Promise<Socket> {
    return this.#desk.openTunnel()
  }

  protected letGo(reason: RetireReason): void {
    this.#desk.retire(reason)
  }

  protected takeUp(): void {
    this.#desk.restore()
  }

  protected cut(error: Error): void {
    this.#desk.cut(error)
  }
}

function dialTo(dialer: Dialer): DialFunction {
  return (callback) => dialer.dial(callback)
}
