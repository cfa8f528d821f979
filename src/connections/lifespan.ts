/** Why a connection was closed: the label of the metric and the field of the log. */
export const closeReasons = [
  'max_age',
  'max_requests',
  'idle',
  'error',
  'server_removed',
  'remote',
  'shutdown',
] as const

export type CloseReason = (typeof closeReasons)[number]

export interface LifespanOptions {
  /** Milliseconds that a connection may live at most; 0 = no limit. Default 300 000. */
  maxAge?: number | undefined
  /** Requests that a connection may carry; 0 = no limit. Default 10 000. */
  maxRequests?: number | undefined
  /**
   * The share, 0 to 1, within which each connection draws its own limits: its requests above and below, its age below.
   * Default 0.2.
   */
  jitter?: number | undefined
  /** From 0 to below 1. Default Math.random. */
  random?: (() => number) | undefined
}

/** Multiples of it, modulo 1, fall each into the widest gap that the ones before have left. */
const goldenRatio = (Math.sqrt(5) - 1) / 2

/**
 * How long the connections of a pool live, and how far ahead their ends are planned.
 *
 *     born                          notice        deadline
 *      |------------ in use ------------|- last request -|      no request starts after the deadline ...
 *                                                        |- grace -|           ... unless the successor is still
 *                                                        |--- overtime ---|    being dialled, or cannot be dialled
 */
export class Lifespan {
  readonly maxAge: number
  readonly maxRequests: number
  /** Milliseconds between two looks at the connections: often enough to be exact for short ages. */
  readonly sweepEvery: number
  /** Milliseconds before the deadline in which the successor is dialled and the last request announced. */
  readonly notice: number
  /** Milliseconds past the deadline for which a connection serves on while its successor is being dialled. */
  readonly grace: number
  /** The same after its successor could not be dialled. */
  readonly overtime: number
  readonly #jitter: number
  readonly #random: () => number
  /** Milliseconds by which ages differ: the first to be given notice does not go before the jitter allows it. */
  readonly #slack: number
  #phase: number

  constructor(options: LifespanOptions & { idleTimeout?: number | undefined } = {}) {
    const { maxAge = 300_000, maxRequests = 10_000, jitter = 0.2, idleTimeout = 60_000 } = options
    this.maxAge = maxAge > 0 ? maxAge : Number.POSITIVE_INFINITY
    this.maxRequests = maxRequests > 0 ? maxRequests : Number.POSITIVE_INFINITY
    this.#jitter = Math.min(1, Math.max(0, jitter))
    this.#random = options.random ?? Math.random
    this.#phase = this.#random()
    const shortest = Math.min(this.maxAge, idleTimeout > 0 ? idleTimeout : Number.POSITIVE_INFINITY)
    this.sweepEvery = Math.min(1000, Math.max(20, shortest / 50))
    this.notice = 4 * this.sweepEvery
    this.grace = this.maxAge * this.#jitter
    this.overtime = Math.max(this.maxAge / 4, 5000)
    this.#slack = Math.max(0, this.maxAge * this.#jitter - this.notice)
  }

  /**
   * Milliseconds that a new connection may live. A successor keeps the rhythm of the one that it follows, within
   * the jitter below the limit, so that after one age nothing is left of what there was. Any other was born in a crowd, at the start or with a burst: it draws from the whole age, so that
   * the crowd does not leave together.
   */
  drawAge(isSuccessor: boolean): number {
    if (this.maxAge === Number.POSITIVE_INFINITY) return this.maxAge
    if (isSuccessor) return this.maxAge - this.#random() * this.#slack
    this.#phase = (this.#phase + goldenRatio) % 1
    return this.maxAge * (1 - this.#phase)
  }

  /**
   * The time after which no request starts on a connection. Later than drawn where that would lie too near: a new
   * connection was set up for a request, and must be there for it.
   */
  drawDeadline(bornAt: number, now: number, isSuccessor: boolean): number {
    return Math.max(bornAt + this.drawAge(isSuccessor), now + this.notice)
  }

  /** Requests that a new connection may carry: a whole number within the jitter, at least one. */
  drawRequests(): number {
    if (this.maxRequests === Number.POSITIVE_INFINITY) return this.maxRequests
    const least = Math.max(1, Math.ceil(this.maxRequests * (1 - this.#jitter) - 1e-9))
    const most = Math.max(least, Math.floor(this.maxRequests * (1 + this.#jitter) + 1e-9))
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  /** Retirements for age that are allowed in a second: twice what a steady pool needs, at least one. */
  retirementsPerSecond(connections: number): number {
    return Math.max(1, (2000 * connections) / this.maxAge)
  }
}
