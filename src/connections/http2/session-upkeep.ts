import type { Clock, Timer } from '../../clock.ts'
import type { Demand } from '../demand.ts'
import type { Purpose } from '../dials.ts'
import type { Lifespan } from '../lifespan.ts'
import { Allowance, countDue } from '../pace.ts'
import type { Session } from './session.ts'
import type { SessionRoster } from './session-roster.ts'

export interface SessionUpkeepOptions {
  roster: SessionRoster
  demand: Demand
  lifespan: Lifespan
  max: number
  minIdle: number
  idleTimeout: number
  pingAfter: number
  pingTimeout: number
  clock: Clock
  /** Whether there is room for one more. */
  hasRoom: () => boolean
  dial: (purpose: Purpose<Session>) => void
}

const firstWarmRetry = 1000
const longestWarmRetry = 30_000

/**
 * What is done about sessions while no request asks for it, by the rules of connections of HTTP/1.1; only that a
 * session goes without a last request of its own. Sleeps while there are none to look after.
 */
export class SessionUpkeep {
  readonly #options: SessionUpkeepOptions
  readonly #roster: SessionRoster
  readonly #clock: Clock
  readonly #allowance: Allowance
  #timer: Timer | undefined
  #isResting = false
  #warmAt = 0
  #warmRetry = firstWarmRetry

  constructor(options: SessionUpkeepOptions) {
    this.#options = options
    this.#roster = options.roster
    this.#clock = options.clock
    this.#allowance = new Allowance(options.clock.now())
  }

  /** Looks after the sessions from now on, until there are none. */
  wake(): void {
    this.#timer ??= this.#clock.setTimeout(this.#tick, this.#options.lifespan.sweepEvery)
  }

  /** While the whole pool retires, nothing is kept, replaced or warmed. */
  rest(): void {
    this.#isResting = true
    this.onGone()
  }

  /** A connection less to look after; perhaps it was the last. */
  onGone(): void {
    if (!this.#isResting || this.#roster.stats.total > 0) return
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  resume(): void {
    this.#isResting = false
    this.#tick()
  }

  /** Makes good the loss of sessions that have retired or soon will, where the load still needs as many. */
  replenish(): void {
    if (this.#isResting) return
    while (this.#isShort() && this.#options.hasRoom()) this.#options.dial({ isSuccessor: true })
  }

  onDialled(): void {
    this.#warmRetry = firstWarmRetry
    this.#warmAt = 0
  }

  onDialFailed(): void {
    this.#warmAt = this.#clock.now() + this.#warmRetry
    this.#warmRetry = Math.min(2 * this.#warmRetry, longestWarmRetry)
  }

  readonly #tick = (): void => {
    const now = this.#clock.now()
    const { pingAfter, pingTimeout, demand } = this.#options
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    demand.turn(now)
    for (const session of this.#roster) session.expire(now, pingAfter, pingTimeout)
    if (!this.#isResting) {
      this.#closeIdle(now)
      this.#closeSurplus()
      this.#retireAged(now)
      this.#warm(now)
    }
    if (this.#roster.stats.total > 0 || (this.#options.minIdle > 0 && !this.#isResting)) this.wake()
  }

  /** As many sessions as the load needs at once, or the floor. */
  #wanted(peak: number): number {
    const { max, minIdle } = this.#options
    return Math.min(max, Math.max(Math.ceil(peak / this.#roster.streamsPerSession), minIdle))
  }

  #isShort(): boolean {
    const { stats } = this.#roster
    return this.#roster.countLasting() + stats.dialing < this.#wanted(this.#options.demand.recentPeak)
  }

  /** Those that have carried nothing for the idle timeout, down to the floor. */
  #closeIdle(now: number): void {
    const { idleTimeout, minIdle } = this.#options
    if (idleTimeout <= 0) return
    const { stats } = this.#roster
    for (const session of this.#roster) {
      if (stats.idle + stats.active <= minIdle) return
      if (session.state === 'idle' && now - session.idleSince >= idleTimeout) {
        this.#roster.retire(session, 'idle')
      }
    }
  }

  /** More than were needed at once; a quarter of them at a time, the oldest first. */
  #closeSurplus(): void {
    if (this.#options.idleTimeout <= 0) return
    const lasting = [...this.#roster].filter((session) => session.isLasting())
    const surplus = lasting.length - Math.max(1, this.#wanted(this.#options.demand.peak))
    if (surplus <= 0) return
    lasting.sort((a, b) => a.deadline - b.deadline)
    for (const session of lasting.slice(0, Math.ceil(surplus / 4))) this.#roster.retire(session, 'idle')
  }

  #retireAged(now: number): void {
    const { lifespan } = this.#options
    if (lifespan.maxAge === Number.POSITIVE_INFINITY) return
    const lasting: Session[] = []
    let alive = 0
    for (const session of this.#roster) {
      if (session.state === 'retiring') continue
      alive++
      if (session.usableUntil <= now) this.#roster.retire(session, 'max_age')
      else if (!session.isBeingReplaced) lasting.push(session)
    }
    this.replenish()
    const perSecond = lifespan.retirementsPerSecond(alive)
    this.#allowance.refill(now, perSecond)
    lasting.sort((a, b) => a.deadline - b.deadline)
    const notices = lasting.map((session) => session.deadline - lifespan.notice)
    const due = countDue(notices, now, 1000 / perSecond)
    for (const session of lasting.slice(0, due)) {
      if (!this.#allowance.take()) return
      this.#beginRetirement(session)
    }
  }

  /** Where the load stands, the successor comes first, and the session serves on until then. */
  #beginRetirement(session: Session): void {
    session.isBeingReplaced = true
    if (!this.#isShort()) return this.#roster.retire(session, 'max_age')
    session.isBeingReplaced = false
    // Without room for a successor it serves to its last moment.
    if (!this.#options.hasRoom()) return
    session.usableUntil = session.deadline + this.#options.lifespan.overtime
    this.#options.dial({ isSuccessor: true, predecessor: session })
  }

  #warm(now: number): void {
    if (now < this.#warmAt) return
    const { stats } = this.#roster
    let missing = this.#options.minIdle - (stats.idle + stats.active + stats.dialing)
    for (; missing > 0 && this.#options.hasRoom(); missing--) this.#options.dial({})
  }
}
