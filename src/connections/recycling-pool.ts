import type { Socket } from 'node:net'
import { Dispatcher, errors } from 'undici'
import { systemClock } from '../clock.ts'
import type { RecyclingHandler } from './connection-facts.ts'
import { Desk, refuse } from './desk.ts'
import { Dialer, type DialFunction } from './dialer.ts'
import { Lifespan } from './lifespan.ts'
import type { RecyclingPoolOptions, RetireReason } from './pool-options.ts'
import type { PoolStats } from './pool-stats.ts'
import { speakersFor } from './speakers.ts'

/**
 * Connections to one server that live long enough and no longer. An undici dispatcher: it works alone, with undici's
 * `request`, `fetch` and `stream`.
 *
 *     dispatch --> an idle connection, in turn -----> its response ends --> idle again, or retired
 *            \--> the waiting line --> the next connection that is free or new
 */
export class RecyclingPool extends Dispatcher {
  readonly origin: URL
  /** What the pool has and has had; always up to date. */
  readonly stats: PoolStats
  readonly #desk: Desk
  #life: 'open' | 'closed' | 'destroyed' = 'open'
  #retired: RetireReason | undefined
  #onQuiet: (() => void)[] = []
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
    this.origin = new URL(new URL(origin).origin)
    this.#desk = new Desk({
      lifespan: new Lifespan(options),
      max,
      minIdle,
      maxQueue: options.maxQueue ?? Number.POSITIVE_INFINITY,
      idleTimeout,
      clock,
      dial:
        options.dial ?? dialTo(new Dialer({ origin: this.origin, connectTimeout, tls: options.tls, clock })),
      openSpeaker: speakersFor(this.origin, options, clock),
      onEvent: options.onEvent,
      onLess: () => this.#onLess(),
    })
    this.stats = this.#desk.stats
  }

  /** How old each open connection is, in milliseconds, tunnels and retiring ones included. */
  ages(): Iterable<number> {
    return this.#desk.ages()
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
    if (this.#desk.submit(options, handler)) return true
    this.#needsDrain = true
    return false
  }

  /**
   * Takes back the request of this handler while it still waits for a connection; nothing more is called on it.
   * False: it does not wait any more, and is stopped by its controller.
   */
  withdraw(handler: RecyclingHandler): boolean {
    return this.#desk.withdraw(handler)
  }

  /**
   * Sets up a connection of its own and gives its socket away, for a tunnel. It counts as active, and within `max`,
   * until it is closed; no limit of age ends it. Rejects with HEADGATE_QUEUE_FULL when every connection is in use.
   */
  connectSocket(): Promise<Socket> {
    return this.#life === 'open' ? this.#desk.openTunnel() : Promise.reject(this.#endError())
  }

  /**
   * Lets every connection go: idle ones now, the others after the request that they carry; tunnels stay. Requests
   * that come nevertheless are served, each by a connection of its own.
   */
  retire(reason: RetireReason = 'server_removed'): void {
    this.#retired = reason
    this.#desk.retire(reason)
  }

  /** Takes back `retire`, for a server that has come back. */
  restore(): void {
    if (this.#life !== 'open' || this.#retired === undefined) return
    this.#retired = undefined
    this.#desk.restore()
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
    }
    this.#onLess()
    return undefined
  }

  #endError(): Error {
    return this.#life === 'closed' ? new errors.ClientClosedError() : new errors.ClientDestroyedError()
  }

  #onLess(): void {
    if (this.#needsDrain && this.stats.pending === 0) {
      this.#needsDrain = false
      this.emit('drain', this.origin)
    }
    if (this.#onQuiet.length === 0 || !this.#desk.isQuiet()) return
    for (const callback of this.#onQuiet.splice(0)) queueMicrotask(callback)
  }
}

function dialTo(dialer: Dialer): DialFunction {
  return (callback) => dialer.dial(callback)
}
