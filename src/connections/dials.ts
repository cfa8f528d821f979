import type { Socket } from 'node:net'
import { errors } from 'undici'
import type { Clock } from '../clock.ts'
import type { Dial } from './dialer.ts'
import type { Life } from './life.ts'
import type { PoolStats } from './pool-stats.ts'

/** Who waits for a bare socket. */
export interface TunnelWaiter {
  resolve(socket: Socket): void
  reject(error: Error): void
}

/** What a connection is set up for: a request or the warm floor, where nothing is said. */
export interface Purpose<C extends Life> {
  /** It takes the place of a connection that has retired, or of the predecessor. */
  isSuccessor?: boolean
  /** The connection that serves on until this one is ready. */
  predecessor?: C
  tunnel?: TunnelWaiter
}

/** A connection that is being set up. */
export interface Dialing<C extends Life> {
  readonly bornAt: number
  readonly purpose: Purpose<C>
  dial: Dial | undefined
}

export interface DialsOptions<C extends Life, Made> {
  dial: (callback: (error: Error | undefined, made: Made | undefined) => void) => Dial
  clock: Clock
  stats: PoolStats
  /** How many may be set up at once for requests and the warm floor. */
  most: number
  onDialled: (dialing: Dialing<C>, made: Made) => void
  onFailed: (dialing: Dialing<C>, error: Error) => void
}

/** The connections of a pool that are being set up. */
export class Dials<C extends Life, Made> {
  readonly #options: DialsOptions<C, Made>
  readonly #running = new Set<Dialing<C>>()
  #tunnels = 0

  constructor(options: DialsOptions<C, Made>) {
    this.#options = options
  }

  /** How many of them a waiting request can hope for. */
  get forRequests(): number {
    return this.#running.size - this.#tunnels
  }

  /** Whether one more may be set up beside those that are. */
  mayStart(): boolean {
    return this.#running.size < this.#options.most
  }

  start(purpose: Purpose<C>): void {
    const { dial, clock, stats, onDialled, onFailed } = this.#options
    const dialing: Dialing<C> = { bornAt: clock.now(), purpose, dial: undefined }
    this.#running.add(dialing)
    stats.dialing++
    if (purpose.tunnel !== undefined) this.#tunnels++
    if (purpose.predecessor !== undefined) purpose.predecessor.isBeingReplaced = true
    dialing.dial = dial((error, made) => {
      this.#remove(dialing)
      if (made !== undefined) return onDialled(dialing, made)
      stats.failedDials++
      onFailed(dialing, error ?? new errors.SocketError('no connection'))
    })
  }

  /** Gives up those that nobody waits for, down to this number. */
  cancelSurplus(needed: number): void {
    for (const dialing of this.#running) {
      if (this.forRequests <= needed) return
      if (dialing.purpose.tunnel === undefined) this.#cancel(dialing)
    }
  }

  cancelAll(error: Error): void {
    for (const dialing of this.#running) {
      this.#cancel(dialing)
      dialing.purpose.tunnel?.reject(error)
    }
  }

  #cancel(dialing: Dialing<C>): void {
    dialing.dial?.cancel()
    this.#remove(dialing)
  }

  #remove(dialing: Dialing<C>): void {
    const { predecessor, tunnel } = dialing.purpose
    this.#running.delete(dialing)
    this.#options.stats.dialing--
    if (tunnel !== undefined) this.#tunnels--
    if (predecessor !== undefined) predecessor.isBeingReplaced = false
  }
}
