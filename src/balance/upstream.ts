import { isDeepStrictEqual } from 'node:util'
import { type Clock, systemClock } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import { type Explanation, explain } from './explain.ts'
import { HealthChecks } from './health-checks.ts'
import { ListTurns } from './list-turns.ts'
import type { UpstreamOptions } from './options.ts'
import { Queue, type RefusalReason } from './queue.ts'
import { Reservation, type ReserveContext, type Settlement } from './reservation.ts'
import { RetryAfter } from './retry-after.ts'
import { RetryBudget } from './retry-budget.ts'
import { Selection } from './selection.ts'
import type { Outcome, Server, ServerSpec } from './server.ts'

const sheddingMs = 1_000

/**
 * A group of servers that are alike, and who gets which of their slots.
 *
 * A request takes a slot before its body is read, on a server that is chosen among those that have one free; without
 * one it waits in the queue, or is refused early.
 */
export class Upstream<Pool = unknown> implements Settlement<Pool> {
  readonly name: string
  /** Requests that were refused, by reason. */
  readonly shed: Record<RefusalReason, number> = {
    queue_full: 0,
    queue_timeout: 0,
    displaced: 0,
    no_server: 0,
  }
  /** Requests that left while they waited. */
  abandoned = 0
  readonly retries: RetryBudget

  readonly #clock: Clock
  readonly #selection: Selection<Pool>
  readonly #lists: ListTurns
  #options: UpstreamOptions<Pool>
  #checks: HealthChecks<Pool> | undefined
  readonly #queue: Queue<Reservation<Pool>>
  readonly #retryAfter: RetryAfter
  #shedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(options: UpstreamOptions<Pool>) {
    const { name, clock = systemClock, random = Math.random } = options
    const now = clock.now()
    this.name = name
    this.#options = options
    this.retries = new RetryBudget(budgetOf(options), now)
    this.#clock = clock
    this.#retryAfter = new RetryAfter(random, now)
    this.#selection = new Selection(options, random, now, (server) => this.#checks?.follow(server))
    this.#lists = new ListTurns({
      clock,
      begin: (specs) => this.#selection.beginList(specs),
      advance: () => this.#advanceList(),
    })
    this.#queue = new Queue({
      ...boundsOf(options),
      clock,
      onRefuse: (reason) => this.#countRefusal(reason),
    })
    this.#checks = this.#openChecks()
  }

  /** Every server that is listed or still has requests in flight. */
  get servers(): Iterable<Server<Pool>> {
    return this.#selection.directory.all
  }

  /** Requests that hold a slot, on all servers together. */
  get inFlight(): number {
    return this.#selection.inFlight
  }

  /** Requests that went to servers younger than each of a few ages. */
  get requestsByAge(): Iterable<[ageSeconds: number, requests: number]> {
    return this.#selection.requestsByAge
  }

  /** Requests that wait for a slot. */
  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Whether so few servers are sound that soundness is ignored. */
  get isPanicking(): boolean {
    return this.#selection.isPanicking
  }

  /**
   * Prepares other settings, which hold from when what it returns is called: servers keep their counters, their
   * requests and, unless `renewsPools`, their pools. Where a pool cannot be opened it throws, and nothing has changed.
   */
  prepare(
    options: Omit<UpstreamOptions<Pool>, 'name' | 'clock' | 'random'>,
    { renewsPools = false }: { renewsPools?: boolean } = {},
  ): () => void {
    const { directory } = this.#selection
    const renew = renewsPools ? directory.prepareRenewal(options.openPool) : undefined
    return () => {
      const now = this.#clock.now()
      const last = this.#options
      this.#options = { ...last, ...options }
      renew?.()
      this.retries.share = budgetOf(options)
      this.#queue.configure(boundsOf(options), now)
      if (options.probe !== last.probe || !isDeepStrictEqual(options.health?.active, last.health?.active)) {
        this.#checks?.close()
        this.#checks = this.#openChecks()
        for (const server of directory.active) this.#checks?.follow(server)
      }
      this.#selection.configure(this.#options, now)
      directory.openAhead()
      this.#grant(now)
    }
  }

  /**
   * Replaces the list of servers. Whoever stays keeps its counters, its pool and its requests. A short list is applied at
   * once and whole; a long one a few hundred servers at a time, so that requests are served between them: those who are
   * new can be chosen beside those who were there, and whoever is not on the list goes last.
   */
  apply(specs: readonly ServerSpec[]): void {
    if (!this.#isClosed) this.#lists.offer(specs)
  }

  /**
   * A slot, at once; `undefined` when the request would have to wait, because none is free or others wait already.
   * Throws HEADGATE_NO_SERVER when there is nobody to wait for.
   */
  tryReserve(context: ReserveContext): Reservation<Pool> | undefined {
    const now = this.#clock.now()
    if (context.isRetry !== true) this.retries.earn(now)
    if (this.#selection.active.length === 0) throw this.#noServer()
    return this.#queue.depth > 0 ? undefined : this.#reserve(context, now, 0)
  }

  /**
   * A slot as soon as it is this request's turn. Rejects with HEADGATE_QUEUE_FULL, HEADGATE_QUEUE_TIMEOUT,
   * HEADGATE_NO_SERVER (all with `retryAfter`), or HEADGATE_CLIENT_GONE when the signal ends the wait.
   */
  wait(context: ReserveContext, signal: AbortSignal): Promise<Reservation<Pool>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new HeadgateError('HEADGATE_CLIENT_GONE'))
      if (this.#selection.active.length === 0) return reject(this.#noServer())
      const now = this.#clock.now()
      const onAbort = () => {
        leave?.()
        this.abandoned++
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

  /**
   * Takes one retry from the budget. A request whose server was lost leaves no work behind, and may be sent again
   * even where others wait. One whose server was slow may still be at work there: while requests are refused it would
   * only add to the load.
   */
  mayRetry(outcome: Outcome): boolean {
    const now = this.#clock.now()
    if (outcome === 'timeout' && this.#isShedding(now)) return false
    return this.retries.take(now)
  }

  /** Whether requests have been refused within the last second. */
  #isShedding(now: number): boolean {
    return now - this.#shedAt < sheddingMs
  }

  /** What speaks for and against a server now. */
  explain(server: Server<Pool>): Explanation {
    return explain(server, this.#selection.algorithm.name, this.isPanicking)
  }

  /** What stands for a server in a cookie; a request that brings it as `sticky` goes to that server. */
  stickyName(server: Server<Pool>): string {
    return this.#selection.sticky.nameOf(server)
  }

  /** Refuses who waits and retires every pool; requests in flight finish. For good. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#lists.close()
    this.#checks?.close()
    this.#queue.clear('no_server')
    this.#selection.directory.close()
  }

  /** For `Reservation` alone. */
  settle(reservation: Reservation<Pool>, outcome: Outcome, latencyMs: number | undefined): void {
    const now = this.#clock.now()
    this.#selection.giveBack(reservation, outcome, latencyMs, now)
    if (this.#queue.depth > 0) this.#grant(now)
  }

  #advanceList(): boolean {
    if (this.#isClosed) return true
    const now = this.#clock.now()
    const isWhole = this.#selection.advanceList(now)
    if (isWhole && this.#selection.active.length === 0) this.#queue.clear('no_server')
    else this.#grant(now)
    return isWhole
  }

  #openChecks(): HealthChecks<Pool> | undefined {
    const { health, probe, random = Math.random } = this.#options
    if (health?.active === undefined) return undefined
    if (probe === undefined) throw new TypeError('Active health checks need a probe')
    const onVerdict = (server: Server<Pool>) => {
      this.#selection.judgeHealth(server)
      this.#grant(this.#clock.now())
    }
    return new HealthChecks({ ...health.active, probe, clock: this.#clock, random, onVerdict })
  }

  #reserve(context: ReserveContext, now: number, waitedMs: number): Reservation<Pool> | undefined {
    const server = this.#selection.take(context, now)
    if (server === undefined) return undefined
    this.#retryAfter.countTaken()
    return new Reservation(this, server, waitedMs, context.routeClass)
  }

  /** Gives free slots to those who wait. */
  #grant(now: number): void {
    if (this.#queue.depth === 0) return
    this.#queue.expire(now)
    this.#queue.offer(
      (waiter) => this.#reserve(waiter.context, now, now - waiter.since),
      () => this.#selection.hasFreeSlot(),
      now,
    )
  }

  #countRefusal(reason: RefusalReason): void {
    const now = this.#clock.now()
    this.shed[reason]++
    this.#shedAt = now
    this.#retryAfter.countRefused(now)
  }

  #noServer(): HeadgateError {
    this.shed.no_server++
    return this.#refusal('no_server')
  }

  #refusal(reason: RefusalReason): HeadgateError {
    const retryAfter = this.#retryAfter.seconds(this.#queue.depth)
    return new HeadgateError(refusalCodes[reason], { retryAfter })
  }
}

function budgetOf({ retries }: Pick<UpstreamOptions<unknown>, 'retries'>): number {
  return retries?.budget ?? 0.2
}

function boundsOf({ limits }: Pick<UpstreamOptions<unknown>, 'limits'>) {
  return { capacity: limits?.queue ?? 400, timeout: limits?.queueTimeout ?? 100 }
}

const refusalCodes = {
  queue_full: 'HEADGATE_QUEUE_FULL',
  queue_timeout: 'HEADGATE_QUEUE_TIMEOUT',
  displaced: 'HEADGATE_QUEUE_FULL',
  no_server: 'HEADGATE_NO_SERVER',
} as const
