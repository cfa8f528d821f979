import type { Clock, Timer } from '../clock.ts'
import type { Connection } from './connection.ts'
import type { Demand } from './demand.ts'
import type { Purpose } from './dials.ts'
import type { Lifespan } from './lifespan.ts'
import { Allowance, countDue } from './pace.ts'
import type { Roster } from './roster.ts'

export interface UpkeepOptions {
  roster: Roster
  demand: Demand
  lifespan: Lifespan
  max: number
  minIdle: number
  idleTimeout: number
  clock: Clock
  dial: (purpose: Purpose) => void
}

const firstWarmRetry = 1000
const longestWarmRetry = 30_000

/** What is done about connections while no request asks for it. Sleeps while there are none to look after. */
export class Upkeep {
  readonly #roster: Roster
  readonly #demand: Demand
  readonly #lifespan: Lifespan
  readonly #max: number
  readonly #minIdle: number
  readonly #idleTimeout: number
  readonly #clock: Clock
  readonly #dial: (purpose: Purpose) => void
  readonly #allowance: Allowance
  #timer: Timer | undefined
  #isResting = false
  #warmAt = 0
  #warmRetry = firstWarmRetry

  constructor(options: UpkeepOptions) {
    this.#roster = options.roster
    this.#demand = options.demand
    this.#lifespan = options.lifespan
    this.#max = options.max
    this.#minIdle = options.minIdle
    this.#idleTimeout = options.idleTimeout
    this.#clock = options.clock
    this.#dial = options.dial
    this.#allowance = new Allowance(options.clock.now())
  }

  /** Looks after the connections from now on, until there are none. */
  wake(): void {
    if (this.#isResting || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(this.#tick, this.#lifespan.sweepEvery)
  }

  /** While the whole pool retires, nothing is kept, replaced or warmed. */
  rest(): void {
    this.#isResting = true
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  resume(): void {
    this.#isResting = false
    this.#tick()
  }

  /** Makes good the loss of connections that have retired, where the load still needs as many. */
  replenish(): void {
    if (this.#isResting) return
    while (this.#isShort() && this.#hasRoom()) this.#dial({ isSuccessor: true })
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
    this.#timer = undefined
    this.#demand.turn(now)
    this.#closeIdle(now)
    this.#closeSurplus()
    this.#retireAged(now)
    this.#warm(now)
    if (this.#roster.stats.total > 0 || this.#minIdle > 0) this.wake()
  }

  #hasRoom(): boolean {
    return this.#roster.stats.total < this.#max
  }

  /** As many connections as the load needs at once, or with the warm ones on top of those in use. */
  #wanted(peak: number): number {
    return Math.min(this.#max, Math.max(peak, this.#demand.inUse + this.#minIdle))
  }

  #isShort(): boolean {
    const { stats } = this.#roster
    return this.#roster.countLasting() + stats.dialing < this.#wanted(this.#demand.recentPeak)
  }

  /** Those that nobody has used for the idle timeout, down to the floor. */
  #closeIdle(now: number): void {
    if (this.#idleTimeout <= 0) return
    const { stats } = this.#roster
    for (let next = this.#roster.longestIdle; next !== undefined; next = this.#roster.longestIdle) {
      if (stats.idle <= this.#minIdle || now - next.idleSince < this.#idleTimeout) return
      this.#roster.retire(next, 'idle')
    }
  }

  /** Those that are used in turn with others, but more than were needed at once; a quarter of them at a time. */
  #closeSurplus(): void {
    if (this.#idleTimeout <= 0) return
    const lasting = this.#roster.countLasting()
    const surplus = Math.min(
      this.#roster.stats.idle - this.#minIdle,
      lasting - this.#wanted(this.#demand.peak),
    )
    if (surplus <= 0) return
    const candidates = [...this.#roster.idle].filter((connection) => connection.isLasting())
    candidates.sort((a, b) => a.deadline - b.deadline)
    for (const connection of candidates.slice(0, Math.ceil(surplus / 4)))
      this.#roster.retire(connection, 'idle')
  }

  #retireAged(now: number): void {
    if (this.#lifespan.maxAge === Number.POSITIVE_INFINITY) return
    const lasting: Connection[] = []
    let alive = 0
    for (const connection of this.#roster) {
      if (connection.state === 'retiring' || connection.isTunnel) continue
      alive++
      if (connection.usableUntil <= now) this.#roster.retire(connection, 'max_age')
      else if (connection.isLasting()) lasting.push(connection)
    }
    this.replenish()
    const perSecond = this.#lifespan.retirementsPerSecond(alive)
    this.#allowance.refill(now, perSecond)
    lasting.sort((a, b) => a.deadline - b.deadline)
    const notices = lasting.map((connection) => connection.deadline - this.#lifespan.notice)
    const due = countDue(notices, now, 1000 / perSecond)
    for (const connection of lasting.slice(0, due)) {
      if (!this.#allowance.take()) return
      this.#beginRetirement(connection)
    }
  }

  /** Where the load stands, the successor comes first, and the connection serves on until then. */
  #beginRetirement(connection: Connection): void {
    connection.isLast = true
    if (!this.#isShort() || !this.#hasRoom()) return
    connection.isLast = false
    connection.usableUntil = connection.deadline + this.#lifespan.overtime
    this.#dial({ isSuccessor: true, predecessor: connection })
  }

  #warm(now: number): void {
    if (now < this.#warmAt) return
    const { stats } = this.#roster
    let missing = this.#minIdle - (stats.idle + stats.dialing - stats.pending)
    for (; missing > 0 && this.#hasRoom(); missing--) this.#dial({})
  }
}
