import type { Clock, Timer } from '../../src/clock.ts'

/** How a simulated server behaves; a fault changes it while it runs. */
export interface Behaviour {
  /** Requests that it works on at once; more wait at the server, first in first out. */
  slots: number
  /** Mean time that it works on one, in milliseconds. */
  serviceMs: number
  /** The share of requests that it answers with an error. */
  failing: number
  /** How soon an error comes, in milliseconds; absent = after the usual time. */
  failsAfterMs?: number
}

interface Job {
  done: (isError: boolean) => void
  isGone: boolean
}

/** A server that is nothing but slots and a queue. */
export class Backend {
  behaviour: Behaviour
  readonly #clock: Clock
  readonly #random: () => number
  /** Draws a service time of mean 1. */
  readonly #service: () => number
  readonly #waiting: Job[] = []
  #head = 0
  #busy = 0

  constructor(behaviour: Behaviour, clock: Clock, random: () => number, service: () => number) {
    this.behaviour = behaviour
    this.#clock = clock
    this.#random = random
    this.#service = service
  }

  /** Sends a request; returns how to abort it. What is being worked on goes on all the same. */
  send(done: (isError: boolean) => void): () => void {
    const { failing, failsAfterMs } = this.behaviour
    const isError = failing > 0 && this.#random() < failing
    if (isError && failsAfterMs !== undefined) {
      const timer: Timer = this.#clock.setTimeout(() => done(true), failsAfterMs)
      return () => this.#clock.clearTimeout(timer)
    }
    const job: Job = { done: () => done(isError), isGone: false }
    if (this.#busy < this.behaviour.slots) this.#work(job)
    else this.#waiting.push(job)
    return () => {
      job.isGone = true
    }
  }

  #work(job: Job): void {
    this.#busy++
    this.#clock.setTimeout(() => {
      this.#busy--
      if (!job.isGone) job.done(false)
      this.#next()
    }, this.#service() * this.behaviour.serviceMs)
  }

  #next(): void {
    while (this.#head < this.#waiting.length && this.#busy < this.behaviour.slots) {
      const job = this.#waiting[this.#head++]!
      if (!job.isGone) this.#work(job)
    }
    if (this.#head < 1_000) return
    this.#waiting.splice(0, this.#head)
    this.#head = 0
  }
}
