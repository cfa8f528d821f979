import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { RecyclingHandler } from './connection-facts.ts'
import type { RetireReason } from './pool-options.ts'
import type { PoolStats } from './pool-stats.ts'

/** The connections to one server, whichever protocol they speak. */
export interface ServerPool extends Dispatcher {
  readonly origin: URL
  /** What the pool has and has had. Read it from the pool each time. */
  readonly stats: PoolStats
  /** How old each open connection is, in milliseconds, tunnels and retiring ones included. */
  ages(): Iterable<number>
  dispatch(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean
  /** Takes back a request that still waits for a connection; false where it does not wait any more. */
  withdraw(handler: RecyclingHandler): boolean
  /** A connection of its own for a tunnel. */
  connectSocket(): Promise<Socket>
  /** Lets every connection go after what it carries. */
  retire(reason?: RetireReason): void
  /** Takes back `retire`. */
  restore(): void
}
