import { type Clock, systemClock } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import type { Algorithm } from './algorithm.ts'
import { Candidates } from './candidates.ts'
import { createAlgorithm } from './create-algorithm.ts'
import { Directory } from './directory.ts'
import type { BalanceEvent, UpstreamOptions } from './options.ts'
import { Queue, type RefusalReason } from './queue.ts'
import { Reservation, type ReserveContext } from './reservation.ts'
import { RetryAfter } from './retry-after.ts'
import { RetryBudget } from './retry-budget.ts'
import { agedScore, medianScore, smoothedWeight } from './score.ts'
import type { Outcome, Server, ServerSpec } from './server.ts'

const pulseMs = 100
const sheddingMs = 1_000

/**
 * A group of servers that are alike, and who gets which of their slots.
 *
 * A request takes a slot before its body is read, on a server chosen among those that have one free; without one it
 * waits in the queue, or is refused early.
 */
export class Upstream<Pool> {
  readonly name: string
  /** Requests that hold a slot, on all servers together. */
  inFlight = 0
  /** Requests that were refused, by reason. */
  readonly shed: Record<RefusalReason, number> = {
    queue_full: 0,
    queue_timeout: 0,
    displaced: 0,
    no_server: 0,
    client_gone: 0,
  }
  readonly retries: RetryBudget

  readonly #options: UpstreamOptions<Pool>
  readonly #clock: Clock
  readonly #algorithm: Algorithm<Pool>
  readonly #candidates: Candidates<Pool>
  readonly #directory: Directory<Pool>
  readonly #queue: Queue<Reservation<Pool>>
  readonly #retryAfter: RetryAfter
  #medianScore = 1
  #pulseAt: number
  #shedAt = Number.NEGATIVE_INFINITY

  constructor(options: UpstreamOptions<Pool>) {
    const { name, balance = {}, limits = {}, retries = {}, closePool } = options
    const { clock = systemClock, random = Math.random } = options
    const now = clock.now()
    this.name = name
    this.retries = new RetryBudget(retries.budget ?? 0.2, now)
    this.#options = options
    this.#clock = clock
    this.#algorithm = createAlgorithm(balance.algorithm ?? 'adaptive', random)
    this.#candidates = new Candidates(this.#algorithm)
    this.#directory = new Directory({
      openPool: options.openPool,
      closePool: (pool) => closePool?.(pool, 'server_removed'),
      limit: limits.maxInFlight === 'adaptive' ? 20 : (limits.maxInFlight ?? 128),
      onChange: (type, server) => this.#onChange(type, server),
    })
    this.#queue = new Queue({
      capacity: limits.queue ?? 400,
      timeout: limits.queueTimeout ?? 100,
      clock,
      onRefuse: (reason) => this.#countRefusal(reason),
    })
    this.#retryAfter = new RetryAfter(random, now)
    this.#pulseAt = now
  }

  /** Every server that is listed or still has requests in flight. */
  get servers(): Iterable<Server<Pool>> {
    return this.#directory.all
  }

  /** Requests that wait for a slot. */
  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Replaces the list of servers, at once and whole. Whoever stays keeps its counters, its pool and its requests. */
  apply(specs: readonly ServerSpec[]): void {
    const now = this.#clock.now()
    const wasAlike = this.#directory.isAlike
    this.#directory.apply(specs, now)
    const { active, isAlike } = this.#directory
    if (wasAlike !== isAlike) for (const server of active) server.weight = 0
    this.#medianScore = medianScore(active)
    this.#pulse(now)
    this.#algorithm.apply?.(active)
    if (active.length === 0) this.#queue.clear('no_server')
    else this.#grant(now)
  }

  /**
   * A slot, at once; `undefined` when the request would have to wait, because none is free or others wait already.
   * Throws HEADGATE_NO_SERVER when there is nobody to wait for.
   */
  tryReserve(context: ReserveContext): Reservation<Pool> | undefined {
    const now = this.#clock.now()
    if (now - this.#pulseAt >= pulseMs) this.#pulse(now)
    if (context.avoid === undefined || context.avoid.length === 0) this.retries.earn()
    if (this.#directory.active.length === 0) throw this.#noServer()
    if (this.#queue.depth > 0) return undefined
    return this.#reserve(context, 0)
  }

  /**
   * A slot as soon as it is this request's turn. Rejects with HEADGATE_QUEUE_FULL, HEADGATE_QUEUE_TIMEOUT,
   * HEADGATE_NO_SERVER (all with `retryAfter`), or HEADGATE_CLIENT_GONE when the signal aborts the wait.
   */
  wait(context: ReserveContext, signal: AbortSignal): Promise<Reservation<Pool>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new HeadgateError('HEADGATE_CLIENT_GONE'))
      if (this.#directory.active.length === 0) return reject(this.#noServer())
      const now = this.#clock.now()
      const onAbort = () => {
        leave?.()
        this.shed.client_gone++
        reject(new HeadgateError('HEADGATE_CLIENT_GONE'))
      }
      const leave = this.#queue.push({
        context,
        since: now,
        grant(reservation) {
          signal.removeEventListener('abort', onAbort)
          resolve(reservation)
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', onAbort)
          reject(this.#refusal(reason))
        },
      })
      if (leave === undefined) return
      signal.addEventListener('abort', onAbort, { once: true })
      this.#grant(now)
    })
  }

  /** Takes one retry from the budget. Never while requests are being refused: a retry would take another's place. */
  mayRetry(): boolean {
    const now = this.#clock.now()
    return !this.isShedding(now) && this.retries.take(now)
  }

  /** Whether requests wait, or have been refused within the last second. */
  isShedding(now = this.#clock.now()): boolean {
    return this.#queue.depth > 0 || now - this.#shedAt < sheddingMs
  }

  /** Refuses who waits and retires every pool; requests in flight finish. */
  close(): void {
    this.#queue.clear('no_server')
    for (const server of this.#directory.active) this.#options.closePool?.(server.pool, 'shutdown')
    this.#directory.active = []
  }

  /** For `Reservation` alone. */
  settle(reservation: Reservation<Pool>, outcome: Outcome, _latencyMs: number | undefined): void {
    const { server } = reservation
    server.inFlight--
    this.inFlight--
    server.outcomes[outcome]++
    if (server.state === 'removed') this.#directory.forget(server)
    if (server.place < 0) this.#enlist(server)
    if (this.#queue.depth > 0) this.#grant(this.#clock.now())
  }

  #reserve(context: ReserveContext, waitedMs: number): Reservation<Pool> | undefined {
    const server = this.#choose(context)
    if (server === undefined) return undefined
    server.inFlight++
    this.inFlight++
    if (server.inFlight >= server.limit) this.#candidates.delete(server)
    this.#retryAfter.countTaken()
    return new Reservation(this, server, waitedMs, context.routeClass)
  }

  #choose(context: ReserveContext): Server<Pool> | undefined {
    const candidates = this.#candidates
    const { avoid } = context
    if (avoid !== undefined && avoid.length > 0) return this.#chooseAnother(context, avoid as Server<Pool>[])
    if (candidates.list.length === 0) return undefined
    return this.#algorithm.pick(candidates, context, this.inFlight)
  }

  /** Chooses while the servers to avoid stand aside; they come into question only where there is no other at all. */
  #chooseAnother(context: ReserveContext, avoid: readonly Server<Pool>[]): Server<Pool> | undefined {
    const others = this.#directory.active.length - avoid.filter((server) => server.isActive()).length
    if (others <= 0) return this.#choose({ ...context, avoid: undefined })
    const aside = avoid.filter((server) => server.place >= 0)
    for (const server of aside) this.#candidates.delete(server)
    const server = this.#choose({ ...context, avoid: undefined })
    for (const server of aside) this.#enlist(server)
    return server
  }

  #grant(now: number): void {
    this.#queue.expire(now)
    this.#queue.offer(
      (waiter) => this.#reserve(waiter.context, now - waiter.since),
      () => this.#candidates.list.length > 0,
    )
  }

  /** Makes a server a candidate, or no longer one, as its record says. */
  #enlist(server: Server<Pool>): void {
    if (server.isActive() && server.share > 0 && !server.isFull()) this.#candidates.add(server)
    else this.#candidates.delete(server)
  }

  /** Brings up to date what changes with time. Driven by requests: without them nothing needs it. */
  #pulse(now: number): void {
    const elapsed = now - this.#pulseAt
    this.#pulseAt = now
    this.#retryAfter.turn(now)
    const age = this.#options.scoreAge?.() ?? 0
    for (const server of this.#directory.active) {
      const score = agedScore(server.score, this.#medianScore, age)
      server.weight = this.#algorithm.smoothsScores ? smoothedWeight(server.weight, score, elapsed) : score
      this.#candidates.reweigh(server, server.weight)
      this.#enlist(server)
    }
    this.#candidates.recount()
  }

  #onChange(type: 'joined' | 'draining' | 'removed' | 'returned', server: Server<Pool>): void {
    if (!server.isActive()) this.#candidates.delete(server)
    this.#emit({ type, upstream: this.name, server: server.name })
  }

  #emit(event: BalanceEvent): void {
    this.#options.onEvent?.(event)
  }

  #countRefusal(reason: RefusalReason): void {
    this.shed[reason]++
    this.#shedAt = this.#clock.now()
    this.#retryAfter.countRefused()
  }

  #noServer(): HeadgateError {
    this.shed.no_server++
    return this.#refusal('no_server')
  }

  #refusal(reason: RefusalReason): HeadgateError {
    const code =
      reason === 'no_server'
        ? 'HEADGATE_NO_SERVER'
        : reason === 'queue_timeout'
          ? 'HEADGATE_QUEUE_TIMEOUT'
          : 'HEADGATE_QUEUE_FULL'
    return new HeadgateError(code, { retryAfter: this.#retryAfter.seconds(this.#queue.depth) })
  }
}
