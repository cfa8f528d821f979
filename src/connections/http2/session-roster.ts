import { IdleLine } from '../idle-line.ts'
import type { CloseReason } from '../lifespan.ts'
import { PoolStats } from '../pool-stats.ts'
import type { Session, SessionState } from './session.ts'

/** The sessions of a pool that exist, by state. Those with room for a request stand in a line, in which they take turns. */
export class SessionRoster {
  readonly stats = new PoolStats()
  readonly #all = new Set<Session>()
  readonly #withRoom = new IdleLine<Session>()
  /** Requests that a session carries at the same time, as the last one has been told by the server. */
  #streamsPerSession: number

  constructor(maxStreams: number) {
    this.#streamsPerSession = maxStreams
  }

  get streamsPerSession(): number {
    return this.#streamsPerSession
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#all.values()
  }

  /** Takes a newborn in, idle. */
  add(session: Session): void {
    this.#all.add(session)
    this.stats.opened++
    this.stats.idle++
    this.settle(session)
  }

  /** The next in turn: of those that have room, the one that was given nothing for longest. */
  take(now: number): Session | undefined {
    for (let next = this.#withRoom.first; next !== undefined; next = this.#withRoom.first) {
      if (!next.isOpen()) this.#move(next, 'retiring')
      else if (next.usableUntil <= now) this.retire(next, 'max_age')
      else {
        this.#leaveLine(next)
        return next
      }
    }
    return undefined
  }

  /** Brings state and line up to date with what the session carries. */
  settle(session: Session): void {
    if (session.isClosed) return
    if (session.limit > 0) this.#streamsPerSession = session.limit
    if (session.state !== 'retiring') this.#move(session, session.running > 0 ? 'active' : 'idle')
    const belongs = session.state !== 'retiring' && session.hasRoom()
    if (!belongs) return this.#leaveLine(session)
    if (session.isInLine) return
    session.isInLine = true
    this.#withRoom.push(session)
  }

  /** No request starts on it any more, and it closes when those that run have ended. */
  retire(session: Session, reason: CloseReason): void {
    session.reason ??= reason
    this.#move(session, 'retiring')
    session.close()
  }

  /** Sessions that will carry requests for a while. */
  countLasting(): number {
    let lasting = 0
    for (const session of this.#all) {
      if (session.isLasting()) lasting++
    }
    return lasting
  }

  remove(session: Session): void {
    this.#leaveLine(session)
    this.stats[session.state]--
    this.#all.delete(session)
    this.stats.countClose(session.reason ?? 'error', session.ageMs, session.requests)
  }

  #move(session: Session, state: SessionState): void {
    if (state === 'retiring') this.#leaveLine(session)
    if (session.state === state || session.isClosed) return
    this.stats[session.state]--
    session.state = state
    this.stats[state]++
  }

  #leaveLine(session: Session): void {
    if (!session.isInLine) return
    session.isInLine = false
    this.#withRoom.remove(session)
  }
}
