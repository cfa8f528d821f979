import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { RecyclingHandler } from '../connection-facts.ts'
import type { RetireReason } from '../pool-options.ts'
import type { PoolStats } from '../pool-stats.ts'
import { RecyclingPool } from '../recycling-pool.ts'
import type { Http2PoolOptions } from './http2-options.ts'

/**
 * HTTP/2 has no upgrades. What asks for one goes by a connection of HTTP/1.1 to the same server, which most servers
 * offer beside HTTP/2; one that does not fails the request while the connection is set up.
 */
export class Upgrades {
  readonly #origin: URL
  readonly #options: Http2PoolOptions
  readonly #onLess: () => void
  #pool: RecyclingPool | undefined

  /** @param onLess a connection or a request has ended */
  constructor(origin: URL, options: Http2PoolOptions, onLess: () => void) {
    this.#origin = origin
    this.#options = options
    this.#onLess = onLess
  }

  get stats(): PoolStats | undefined {
    return this.#pool?.stats
  }

  ages(): Iterable<number> {
    return this.#pool?.ages() ?? []
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    return this.#open().dispatch(options, handler)
  }

  withdraw(handler: RecyclingHandler): boolean {
    return this.#pool?.withdraw(handler) === true
  }

  connectSocket(): Promise<Socket> {
    return this.#open().connectSocket()
  }

  retire(reason: RetireReason): void {
    this.#pool?.retire(reason)
  }

  restore(): void {
    this.#pool?.restore()
  }

  isQuiet(): boolean {
    return this.#pool?.isQuiet() ?? true
  }

  cut(error: Error): void {
    void this.#pool?.destroy(error)
  }

  #open(): RecyclingPool {
    const { onEvent } = this.#options
    const options: Http2PoolOptions = {
      ...this.#options,
      minIdle: 0,
      onEvent: (event) => onEvent?.({ ...event, id: -event.id }),
    }
    this.#pool ??= new UpgradePool(this.#origin, options, this.#onLess)
    return this.#pool
  }
}

class UpgradePool extends RecyclingPool {
  readonly #onLess: () => void

  constructor(origin: URL, options: Http2PoolOptions, onLess: () => void) {
    super(origin, options)
    this.#onLess = onLess
  }

  protected override onLess(): void {
    super.onLess()
    this.#onLess()
  }
}
