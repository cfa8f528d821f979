import type { Connection, ConnectionState } from './connection.ts'
import { IdleLine } from './idle-line.ts'
import type { CloseReason } from './lifespan.ts'
import { PoolStats } from './pool-stats.ts'

/** The connections of a pool that exist, by state. A connection is in the idle line exactly while its state is idle. */
export class Roster {
  readonly stats = new PoolStats()
  readonly #all = new Set<Connection>()
  readonly #idle = new IdleLine<Connection>()

  get size(): number {
    return this.#all.size
  }

  /** Every connection, tunnels and retiring ones included. */
  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.values()
  }

  get idle(): Iterable<Connection> {
    return this.#idle
  }

  /** The one that has been idle longest. */
  get longestIdle(): Connection | undefined {
    return this.#idle.first
  }

  /** Takes a newborn in, idle. */
  add(connection: Connection): void {
    this.#all.add(connection)
    this.stats.opened++
    this.stats.idle++
    this.#idle.push(connection)
  }

  move(connection: Connection, state: ConnectionState): void {
    if (connection.state === state || connection.isClosed) return
    if (connection.state === 'idle') this.#idle.remove(connection)
    this.stats[connection.state]--
    connection.state = state
    this.stats[state]++
    if (state === 'idle') this.#idle.push(connection)
  }

  /** The next in turn: of the idle ones that may be used, the one that has rested longest. */
  take(now: number): Connection | undefined {
    for (let next = this.#idle.first; next !== undefined; next = this.#idle.first) {
      if (!next.isOpen()) this.move(next, 'retiring')
      else if (next.usableUntil <= now) this.retire(next, 'max_age')
      else return next
    }
    return undefined
  }

  /** No request starts on it any more, and it closes at the end of the one that runs. */
  retire(connection: Connection, reason: CloseReason): void {
    connection.reason ??= reason
    this.move(connection, 'retiring')
    connection.close()
  }

  /** Connections that will carry requests for a while. */
  countLasting(): number {
    let lasting = 0
    for (const connection of this.#all) {
      if (connection.isLasting()) lasting++
    }
    return lasting
  }

  remove(connection: Connection): void {
    if (connection.state === 'idle') this.#idle.remove(connection)
    this.stats[connection.state]--
    this.#all.delete(connection)
    if (connection.isTunnel) this.stats.tunnels--
    this.stats.countClose(connection.reason ?? 'error', connection.ageMs, connection.requests)
  }
}
