import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Dispatcher, errors } from 'undici'
import type { RecyclingHandler } from './connection-facts.ts'
import type { ConnectionEvent, RecyclingPoolOptions, RetireReason } from './pool-options.ts'
import { type PoolStats, sumOf } from './pool-stats.ts'

/**
 * The connections to one server, whichever protocol they speak: an undici dispatcher, and how it ends.
 *
 *     open --close--> closed --the last request has ended--> quiet
 *         \---------------------------destroy--------------/
 */
export abstract class ServerPool extends Dispatcher {
  readonly origin: URL
  /** Whether `expectContinue` sends the head of a request ahead of its body; else the two leave together. */
  readonly sendsExpectations: boolean = true
  #life: 'open' | 'closed' | 'destroyed' = 'open'
  #retired: RetireReason | undefined
  #onQuiet: (() => void)[] = []
  #needsDrain = false
  #former: { readonly stats: PoolStats } | undefined
  readonly #listener: ((event: ConnectionEvent) => void) | undefined

  constructor(origin: string | URL, { former, onEvent }: Pick<RecyclingPoolOptions, 'former' | 'onEvent'>) {
    super()
    this.origin = new URL(new URL(origin).origin)
    this.#former = former
    this.#listener = onEvent
  }

  /** What the pool has and has had, and the pool before it. Read it from the pool each time. */
  get stats(): PoolStats {
    const former = this.#former
    if (former === undefined) return this.ownStats
    // When nothing runs there any more, its counts are all that is kept of it.
    if (former instanceof ServerPool && former.isQuiet()) this.#former = { stats: former.stats }
    return sumOf(this.ownStats, former.stats)
  }

  /** How old each open connection is, in milliseconds, tunnels and retiring ones included. */
  abstract ages(): Iterable<number>

  /**
   * Takes back the request of this handler while it still waits for a connection; nothing more is called on it.
   * False: it does not wait any more, and is stopped by its controller.
   */
  abstract withdraw(handler: RecyclingHandler): boolean

  /** Whether `close` or `destroy` was called. */
  get closed(): boolean {
    return this.#life !== 'open'
  }

  get destroyed(): boolean {
    return this.#life === 'destroyed'
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
    if (this.submit(options, handler)) return true
    this.#needsDrain = true
    return false
  }

  /**
   * Sets up a connection of its own, of HTTP/1.1, and gives its socket away, for a tunnel. It counts as active, and
   * within `max`, until it is closed; no limit of age ends it. Rejects with HEADGATE_QUEUE_FULL when every connection
   * is in use.
   */
  connectSocket(): Promise<Socket> {
    return this.#life === 'open' ? this.openTunnel() : Promise.reject(this.#endError())
  }

  /**
   * Lets every connection go: idle ones now, the others after what they carry; tunnels stay. Requests that come
   * nevertheless are served, by connections that go as soon as they are done.
   */
  retire(reason: RetireReason = 'server_removed'): void {
    this.#retired = reason
    this.letGo(reason)
  }

  /** Takes back `retire`, for a server that has come back. */
  restore(): void {
    if (this.#life !== 'open' || this.#retired === undefined) return
    this.#retired = undefined
    this.takeUp()
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
    this.onLess()
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
      this.cut(error ?? new errors.ClientDestroyedError())
    }
    this.onLess()
    return undefined
  }

  protected abstract get ownStats(): PoolStats
  /** Whether nothing is left: no connection, no request. */
  abstract isQuiet(): boolean
  /** False = the request waits, or was refused. */
  protected abstract submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean
  protected abstract openTunnel(): Promise<Socket>
  protected abstract letGo(reason: RetireReason): void
  protected abstract takeUp(): void
  protected abstract cut(error: Error): void

  /**
   * Passes a birth or death on, and tells it as undici does. An undici `Agent` closes what is disconnected, so that is
   * said when the last connection has gone, and nothing waits for another.
   */
  protected onEvent(event: ConnectionEvent): void {
    this.#listener?.(event)
    if (event.type === 'opened') this.emit('connect', this.origin, [this])
    else if (this.ownStats.total === 0 && this.ownStats.pending === 0) {
      this.emit('disconnect', this.origin, [this], new errors.InformationalError(event.reason))
    }
  }

  /** Something has ended; perhaps all has. */
  protected onLess(): void {
    if (this.#needsDrain && this.ownStats.pending === 0) {
      this.#needsDrain = false
      // An `Agent` reads the second argument, of which undici's types do not know.
      ;(this as EventEmitter).emit('drain', this.origin, [this])
    }
    if (this.#onQuiet.length === 0 || !this.isQuiet()) return
    for (const callback of this.#onQuiet.splice(0)) queueMicrotask(callback)
  }

  #endError(): Error {
    return this.#life === 'closed' ? new errors.ClientClosedError() : new errors.ClientDestroyedError()
  }
}

/** As undici does it: there is no controller before a request has started. */
export function refuse(handler: RecyclingHandler, error: Error): false {
  handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error)
  return false
}
