import type { Life, LifeState } from './life.ts'
import type { CloseReason } from './lifespan.ts'
import { PoolStats } from './pool-stats.ts'
import { TurnLine } from './turn-line.ts'

/** The connections of a pool that exist, by state. Those that can take a request stand in a line and take turns. */
export class Roster<C extends Life> {
  readonly stats = new PoolStats()
  readonly #all = new Set<C>()
  readonly #ready = new TurnLine<C>()

  /** Those that can take a request, in turn. */
  get ready(): TurnLine<C> {
    return this.#ready
  }

  /** Every connection, tunnels and retiring ones included; the first born first. */
  [Symbol.iterator](): Iterator<C> {
    return this.#all.values()
  }

  /** Takes a newborn in, idle. */
  add(connection: C): void {
    this.#all.add(connection)
    this.stats.opened++
    this.stats.idle++
    this.move(connection, 'idle')
  }

  /** Brings state, counts and line up to date. */
  move(connection: C, state: LifeState): void {
    if (connection.isClosed) return
    if (connection.state !== state) {
      this.stats[connection.state]--
      connection.state = state
      this.stats[state]++
    }
    const belongs = state !== 'retiring' && connection.hasRoom()
    if (belongs === connection.isInLine) return
    if (belongs) this.#ready.push(connection)
    else this.#ready.remove(connection)
  }

  /** Takes the next in turn out of the line: the one that was given nothing for longest. */
  take(now: number): C | undefined {
    for (let next = this.#ready.first; next !== undefined; next = this.#ready.first) {
      if (!next.isOpen()) this.move(next, 'retiring')
      else if (next.usableUntil <= now) this.retire(next, 'max_age')
      else {
        this.#ready.remove(next)
        return next
      }
    }
    return undefined
  }

  /** No request starts on it any more, and it closes at the end of what runs. */
  retire(connection: C, reason: CloseReason): void {
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

  remove(connection: C): void {
    if (connection.isInLine) this.#ready.remove(connection)
    this.stats[connection.state]--
    this.#all.delete(connection)
    this.stats.countClose(connection.reason ?? 'error', connection.ageMs, connection.requests)
  }
}
