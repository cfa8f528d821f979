import { firstLimit, learnLimit } from './adaptive-limit.ts'
import type { Algorithm, AlgorithmName, Medians } from './algorithm.ts'
import { Candidates } from './candidates.ts'
import { createAlgorithm } from './create-algorithm.ts'
import { Directory } from './directory.ts'
import { eject, ejectionReason, mayEject, readmit } from './ejection.ts'
import { forgetIdle, learnOutcome, mediansOf } from './learning.ts'
import type { Listing } from './listing.ts'
import type { BalanceEvent, UpstreamOptions } from './options.ts'
import type { Reservation, ReserveContext } from './reservation.ts'
import { RouteClasses } from './route-classes.ts'
import { agedScore, areStale, medianScore, smoothedWeight } from './score.ts'
import { isFailure, type Outcome, type Server, type ServerSpec } from './server.ts'
import { ageClassOf, RequestsByAge } from './server-ages.ts'
import { slowStartOf } from './slow-start.ts'
import { StickyNames } from './sticky.ts'

const pulseMs = 100
const sliceSize = 1_024
/** Servers of a list that are taken in at a time: each may be new, and worth a line in the log. */
const listSliceSize = 64
const panicShare = 0.5

/**
 * The servers of an upstream, filtered and then chosen from.
 *
 * A server is a candidate when it is active, sound (neither ejected nor found unwell) and has a free slot. Where
 * fewer than half of the active ones are sound, soundness is ignored: that is judged over all active servers, before
 * slots are looked at, since otherwise a server that fails fast, and so is always free, would get all that others
 * have no room for.
 */
export class Selection<Pool> {
  /** Requests that hold a slot, on all servers together. */
  inFlight = 0
  /** Whether soundness is being ignored. */
  isPanicking = false
  readonly requestsByAge = new RequestsByAge()
  readonly directory: Directory<Pool>
  readonly sticky: StickyNames<Pool>
  algorithm: Algorithm<Pool>

  #options: UpstreamOptions<Pool>
  readonly #random: () => number
  #candidates: Candidates<Pool>
  readonly #classes = new RouteClasses()
  #medians: Medians = { latency: 0, successRate: 1 }
  #medianScore = 1
  #ejected = 0
  #staleMs = 0
  #cursor = -1
  #pulseAt: number
  /** The list that is on its way, and what it found. */
  #listing: Listing<Pool> | undefined
  #before: readonly Server<Pool>[] = []
  #wasAlike = false
  readonly #onMember: (server: Server<Pool>) => void

  /** @param onMember told of every server that joins, returns, drains or leaves */
  constructor(
    options: UpstreamOptions<Pool>,
    random: () => number,
    now: number,
    onMember: (server: Server<Pool>) => void = () => {},
  ) {
    const { name, balance = {}, restorePool } = options
    this.#options = options
    this.#onMember = onMember
    this.#random = random
    this.#pulseAt = now
    this.sticky = new StickyNames(name)
    this.algorithm = createAlgorithm(balance.algorithm ?? 'adaptive', random)
    this.#candidates = new Candidates(this.algorithm)
    this.directory = new Directory({
      openPool: (spec, former) => this.#options.openPool(spec, former),
      opensAhead: () => this.#options.opensAhead === true,
      closePool: (pool, reason) => this.#options.closePool?.(pool, reason),
      restorePool,
      limit: () => (this.#limit === 'adaptive' ? firstLimit : this.#limit),
      onChange: (type, server) => {
        if (!server.isActive()) this.#candidates.delete(server)
        this.#onMember(server)
        this.#emit(type, server)
      },
    })
  }

  /** Goes on with other settings: servers keep what they have and are known for, and the requests that run on them. */
  configure(options: UpstreamOptions<Pool>, now: number): void {
    const last = this.#limit
    this.#options = options
    if (this.#limit !== last) this.directory.limitAll()
    const algorithm = options.balance?.algorithm ?? 'adaptive'
    if (algorithm !== this.algorithm.name) this.#replaceAlgorithm(algorithm)
    for (const server of this.active) {
      if (!this.#ejects && server.isEjected()) this.#readmit(server, now)
      this.#refresh(server, now)
    }
    this.#candidates.recount()
  }

  get active(): readonly Server<Pool>[] {
    return this.directory.active
  }

  hasFreeSlot(): boolean {
    return this.#candidates.list.length > 0
  }

  /** Begins with a list. One that is on its way must have been applied whole before. */
  beginList(specs: readonly ServerSpec[]): void {
    this.#before = this.active
    this.#wasAlike = this.directory.isAlike
    this.#listing = this.directory.begin(specs)
  }

  /** Applies some servers of the list; false = there are more. */
  advanceList(now: number): boolean {
    const listing = this.#listing
    if (listing === undefined) return true
    // Between scores and no scores there is no way to go smoothly.
    const isAbrupt = this.#wasAlike !== listing.isAlike
    const { smoothsScores } = this.algorithm
    for (const server of this.directory.advance(listing, listSliceSize, now)) {
      if (!server.isActive()) continue
      if (isAbrupt) server.weight = 0
      if (!smoothsScores || server.weight === 0 || server.score === 0) this.#refresh(server, now)
    }
    if (!listing.isDone) return false
    this.#listing = undefined
    if (!hasSame(this.active, this.#before)) this.algorithm.apply?.(this.active)
    this.#before = []
    this.judgePanic()
    return true
  }

  /** Takes a slot of the server that is chosen; `undefined` when no server that may be chosen has a free one. */
  take(context: ReserveContext, now: number): Server<Pool> | undefined {
    if (now - this.#pulseAt >= pulseMs) this.#pulse(now)
    const server = this.#choose(context)
    if (server === undefined) return undefined
    this.requestsByAge.count(server)
    this.inFlight++
    if (++server.inFlight > server.peakInFlight) server.peakInFlight = server.inFlight
    if (server.inFlight >= server.limit) this.#candidates.delete(server)
    return server
  }

  /** Gives a slot back, and learns from how the request ended. */
  giveBack(
    { server, routeClass }: Reservation<Pool>,
    outcome: Outcome,
    latencyMs: number | undefined,
    now: number,
  ): void {
    server.inFlight--
    this.inFlight--
    server.outcomes[outcome]++
    if (server.state === 'removed') return this.directory.forget(server)
    const comparable =
      latencyMs === undefined ? undefined : this.#classes.level(latencyMs, outcome, routeClass)
    learnOutcome(server, outcome, comparable, now)
    if (isFailure(outcome)) this.#judge(server, now)
    if (server.place < 0) this.#enlist(server)
  }

  /** To be called when the verdict of a server's checks has changed. */
  judgeHealth(server: Server<Pool>): void {
    this.#emit(server.healthy ? 'healthy' : 'unhealthy', server)
    this.judgePanic()
    this.#enlist(server)
  }

  /** Judged over all active servers, whenever one of them changes. */
  judgePanic(): void {
    let sound = 0
    this.#ejected = 0
    for (const server of this.active) {
      if (server.isSound()) sound++
      if (server.isEjected()) this.#ejected++
    }
    const isPanicking = sound < panicShare * this.active.length
    if (isPanicking === this.isPanicking) return
    this.isPanicking = isPanicking
    for (const server of this.active) this.#enlist(server)
    this.#options.onEvent?.({ type: isPanicking ? 'panic' : 'calm', upstream: this.#options.name })
  }

  get #limit(): number | 'adaptive' {
    return this.#options.limits?.maxInFlight ?? 128
  }

  get #ejects(): boolean {
    return this.#options.health?.ejection ?? true
  }

  /** What a server has of the algorithm before says nothing to the next. */
  #replaceAlgorithm(name: AlgorithmName): void {
    for (const server of [...this.#candidates.list]) this.#candidates.delete(server)
    this.algorithm = createAlgorithm(name, this.#random)
    this.#candidates = new Candidates(this.algorithm)
    for (const server of this.directory.all) {
      server.turn = 0
      server.weight = 0
    }
    this.algorithm.apply?.(this.active)
  }

  #choose(context: ReserveContext): Server<Pool> | undefined {
    const { avoid, sticky } = context
    if (avoid !== undefined && avoid.length > 0) return this.#chooseAnother(context, avoid as Server<Pool>[])
    if (this.#candidates.list.length === 0) return undefined
    if (sticky !== undefined) {
      const server = this.sticky.find(sticky, this.active)
      if (server !== undefined && server.place >= 0) return server
    }
    return this.algorithm.pick(this.#candidates, context, this.inFlight)
  }

  /**
   * Chooses while the servers to avoid stand aside. Where that would leave nobody, those come into question again that
   * were tried first.
   */
  #chooseAnother(context: ReserveContext, avoid: readonly Server<Pool>[]): Server<Pool> | undefined {
    let avoided = avoid
    const isLeft = (server: Server<Pool>) => this.#mayServe(server) && !avoided.includes(server)
    while (avoided.length > 0 && !this.active.some(isLeft)) avoided = avoided.slice(1)
    const aside = avoided.filter((server) => server.place >= 0)
    for (const server of aside) this.#candidates.delete(server)
    const server = this.#choose({ ...context, avoid: undefined })
    for (const server of aside) this.#enlist(server)
    return server
  }

  /** Makes a server a candidate, or no longer one, as its record says. */
  #enlist(server: Server<Pool>): void {
    if (this.#mayServe(server) && !server.isFull()) this.#candidates.add(server)
    else this.#candidates.delete(server)
  }

  #mayServe(server: Server<Pool>): boolean {
    return server.isActive() && server.share > 0 && (server.isSound() || this.isPanicking)
  }

  #judge(server: Server<Pool>, now: number): void {
    this.#candidates.reweigh(server, this.#shareOf(server, 0))
    if (!this.#ejects || !server.isActive() || server.isEjected()) return
    const reason = ejectionReason(server, this.#medians)
    if (reason === undefined || !mayEject(this.#ejected, this.active.length)) return
    const forMs = eject(server, reason, now)
    this.#emit('ejected', server, { reason, forMs })
    this.judgePanic()
    this.#enlist(server)
  }

  /**
   * Brings up to date what changes with time: of many servers, some at a time. Driven by requests; without them
   * nothing needs it.
   */
  #pulse(now: number): void {
    const { active } = this
    this.#pulseAt = now
    this.#medians = mediansOf(active, this.#random)
    const age = this.#options.scoreAge?.() ?? 0
    this.#staleMs = age
    if (areStale(age)) this.#medianScore = medianScore(active)
    for (let count = Math.min(active.length, sliceSize); count > 0; count--) {
      if (++this.#cursor >= active.length) {
        this.#cursor = 0
        this.#candidates.recount()
      }
      this.#refresh(active[this.#cursor]!, now)
    }
  }

  #refresh(server: Server<Pool>, now: number): void {
    const elapsed = now - server.refreshedAt
    server.refreshedAt = now
    const score = agedScore(server.score, this.#medianScore, this.#staleMs)
    const { smoothsScores } = this.algorithm
    server.weight = smoothsScores ? smoothedWeight(server.weight, score, elapsed) : score
    if (server.isEjected() && now >= server.ejectedUntil) this.#readmit(server, now)
    forgetIdle(server, this.#medians, now, elapsed)
    server.ageClass = ageClassOf(server, now)
    server.slow = slowStartOf(server.joinedAt, now, this.#options.balance?.slowStart ?? 10_000)
    if (this.#limit === 'adaptive') server.limit = learnLimit(server, elapsed)
    this.#candidates.reweigh(server, this.#shareOf(server, elapsed))
    this.#enlist(server)
  }

  #shareOf(server: Server<Pool>, elapsed: number): number {
    return this.algorithm.shareOf?.(server, this.#medians, elapsed) ?? server.weight * server.slow
  }

  #readmit(server: Server<Pool>, now: number): void {
    readmit(server, this.#medians, now)
    this.#emit('readmitted', server)
    this.judgePanic()
  }

  #emit(type: BalanceEvent['type'], server: Server<Pool>, details?: { reason: string; forMs: number }): void {
    this.#options.onEvent?.({ type, upstream: this.#options.name, server: server.name, ...details })
  }
}

function hasSame(servers: readonly Server[], others: readonly Server[]): boolean {
  return servers.length === others.length && servers.every((server, index) => server === others[index])
}
