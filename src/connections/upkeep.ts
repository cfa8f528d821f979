import type { Clock, Timer } from '../clock.ts'
import type { Demand } from './demand.ts'
import type { Purpose } from './dials.ts'
import type { Life } from './life.ts'
import type { Lifespan } from './lifespan.ts'
import { Allowance, countDue } from './pace.ts'
import type { Roster } from './roster.ts'

export interface UpkeepOptions<C extends Life> {
  roster: Roster<C>
  demand: Demand
  lifespan: Lifespan
  max: number
  minIdle: number
  idleTimeout: number
  clock: Clock
  /** Requests that a connection carries at once. */
  perConnection: () => number
  /** Whether there is room for one more connection. */
  hasRoom: () => boolean
  /** Whether one more may be set up beside those that are. */
  mayDial: () => boolean
  dial: (purpose: Purpose<C>) => void
}

const firstWarmRetry = 1000
const longestWarmRetry = 30_000

/** What is done about connections while no request asks for it. Sleeps while there are none to look after. */
export class Upkeep<C extends Life> {
  readonly #options: UpkeepOptions<C>
  readonly #roster: Roster<C>
  readonly #clock: Clock
  readonly #allowance: Allowance
  #timer: Timer | undefined
  #isResting = false
  #warmAt = 0
  #warmRetry = firstWarmRetry

  constructor(options: UpkeepOptions<C>) {
    this.#options = options
    this.#roster = options.roster
    this.#clock = options.clock
    this.#allowance = new Allowance(options.clock.now())
  }

  /** Looks after the connections from now on, until there are none. */
  wake(): void {
    if (this.#isNeeded())
      this.#timer ??= this.#clock.setTimeout(this.#tick, this.#options.lifespan.sweepEvery)
  }

  /** While the whole pool retires, nothing is kept, replaced or warmed. */
  rest(): void {
    this.#isResting = true
    this.onGone()
  }

  /** Begins, or goes on after a rest: the warm ones are dialled now. */
  resume(): void {
    this.#isResting = false
    // Before anything is replaced: what is set up together has to leave one by one.
    this.#warm(this.#clock.now())
    this.#tick()
  }

  /** A connection has been set up: there is room to set up the next. */
  goOnWarming(): void {
    if (this.#options.minIdle > 0 && !this.#isResting) this.#warm(this.#clock.now())
  }

  /** A connection less to look after; perhaps it was the last. */
  onGone(): void {
    if (this.#isNeeded()) return
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Makes good the loss of connections that have retired or soon will, where the load still needs as many. */
  replenish(): void {
    if (this.#isResting) return
    while (this.#isShort() && this.#options.hasRoom() && this.#options.mayDial())
      this.#options.dial({ isSuccessor: true })
  }

  /** A successor that has drawn an earlier end than one before it swaps with it: who was born first leaves first. */
  onBorn(newborn: C, isSuccessor: boolean): void {
    this.#warmRetry = firstWarmRetry
    this.#warmAt = 0
    if (!isSuccessor) return
    for (const elder of this.#roster) {
      if (elder === newborn || !elder.isLasting() || elder.deadline <= newborn.deadline) continue
      const { deadline } = elder
      elder.deadline = newborn.deadline
      newborn.deadline = deadline
    }
  }

  /** Where it was to take the place of another, that one serves on for longer rather than that requests fail. */
  onDialFailed(predecessor: C | undefined): void {
    if (predecessor?.isInService()) {
      predecessor.usableUntil = predecessor.deadline + this.#options.lifespan.overtime
    }
    this.#warmAt = this.#clock.now() + this.#warmRetry
    this.#warmRetry = Math.min(2 * this.#warmRetry, longestWarmRetry)
  }

  /** Its time has come, and nothing has to wait for its successor. */
  dismiss(connection: C): void {
    connection.usableUntil = connection.deadline
    connection.isLast = true
    if (!connection.announcesItsEnd) this.#roster.retire(connection, 'max_age')
  }

  readonly #tick = (): void => {
    const now = this.#clock.now()
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#options.demand.turn(now)
    for (const connection of this.#roster) connection.expire(now)
    if (!this.#isResting) {
      this.#closeIdle(now)
      this.#closeSurplus()
      this.#retireAged(now)
      this.#warm(now)
    }
    this.wake()
  }

  #isNeeded(): boolean {
    return this.#roster.stats.total > 0 || (this.#options.minIdle > 0 && !this.#isResting)
  }

  /** As many connections as the load needs at once, or with the warm ones on top of those that are full. */
  #wanted(peak: number): number {
    const { max, minIdle, demand, perConnection } = this.#options
    const each = perConnection()
    return Math.min(max, Math.max(Math.ceil(peak / each), Math.floor(demand.inUse / each) + minIdle))
  }

  #isShort(): boolean {
    const { stats } = this.#roster
    return this.#roster.countLasting() + stats.dialing < this.#wanted(this.#options.demand.recentPeak)
  }

  /** Those that nobody has used for the idle timeout, down to the floor. */
  #closeIdle(now: number): void {
    const { idleTimeout, minIdle } = this.#options
    if (idleTimeout <= 0) return
    for (const connection of [...this.#roster.ready]) {
      if (this.#roster.ready.length <= minIdle) return
      const isUnused = connection.state === 'idle' && now - connection.idleSince >= idleTimeout
      if (isUnused) this.#roster.retire(connection, 'idle')
    }
  }

  /** Those that are used in turn with others, but more than were needed at once; a quarter of them at a time. */
  #closeSurplus(): void {
    const { idleTimeout, minIdle, demand } = this.#options
    if (idleTimeout <= 0) return
    const spare = this.#roster.ready.length - minIdle
    const surplus = Math.min(spare, this.#roster.countLasting() - this.#wanted(demand.peak))
    if (surplus <= 0) return
    const candidates = [...this.#roster.ready].filter((connection) => connection.isLasting())
    candidates.sort((a, b) => a.deadline - b.deadline)
    for (const connection of candidates.slice(0, Math.ceil(surplus / 4)))
      this.#roster.retire(connection, 'idle')
  }

  #retireAged(now: number): void {
    const { lifespan } = this.#options
    if (lifespan.maxAge === Number.POSITIVE_INFINITY) return
    const lasting: C[] = []
    let alive = 0
    for (const connection of this.#roster) {
      if (!connection.isInService()) continue
      alive++
      if (connection.usableUntil <= now) this.#roster.retire(connection, 'max_age')
      else if (connection.isLasting()) lasting.push(connection)
    }
    this.replenish()
    const perSecond = lifespan.retirementsPerSecond(alive)
    this.#allowance.refill(now, perSecond)
    lasting.sort((a, b) => a.deadline - b.deadline)
    const notices = lasting.map((connection) => connection.deadline - lifespan.notice)
    const due = countDue(notices, now, 1000 / perSecond)
    for (const connection of lasting.slice(0, due)) {
      if (!this.#allowance.take()) return
      this.#beginRetirement(connection)
    }
  }

  /** Where the load stands, the successor comes first, and the connection serves on until then. */
  #beginRetirement(connection: C): void {
    const { lifespan, hasRoom, dial } = this.#options
    connection.isLast = true
    if (!this.#isShort()) return this.dismiss(connection)
    // Without room for a successor it makes some: with its next request, or at its last moment.
    if (!hasRoom()) return
    connection.isLast = false
    connection.usableUntil = Math.max(connection.usableUntil, connection.deadline + lifespan.grace)
    dial({ isSuccessor: true, predecessor: connection })
  }

  #warm(now: number): void {
    if (now < this.#warmAt) return
    const { minIdle, hasRoom, mayDial, dial, perConnection } = this.#options
    const { stats, ready } = this.#roster
    const expected = stats.dialing - Math.ceil(stats.pending / perConnection())
    let missing = minIdle - (ready.length + expected)
    for (; missing > 0 && hasRoom() && mayDial(); missing--) dial({})
  }
}
