import type { Clock, Timer } from '../clock.ts'
import type { ServerSpec } from './server.ts'

export interface ListTurnsOptions {
  clock: Clock
  begin: (specs: readonly ServerSpec[]) => void
  /** Goes on with the list that has begun; false = it is not whole yet. */
  advance: () => boolean
}

/**
 * Applies a list of servers in as many turns of the event loop as it takes, the first of them at once. A list that comes
 * meanwhile follows when the one before is whole, so that lists in quick succession never starve the end of them all;
 * of several the last.
 */
export class ListTurns {
  readonly #options: ListTurnsOptions
  #next: readonly ServerSpec[] | undefined
  #isBusy = false
  #timer: Timer | undefined

  constructor(options: ListTurnsOptions) {
    this.#options = options
  }

  offer(specs: readonly ServerSpec[]): void {
    this.#next = specs
    if (this.#isBusy) return
    this.#isBusy = true
    this.#begin()
  }

  /** For good. */
  close(): void {
    this.#isBusy = true
    this.#options.clock.clearTimeout(this.#timer)
  }

  readonly #begin = (): void => {
    const specs = this.#next!
    this.#next = undefined
    this.#options.begin(specs)
    this.#goOn()
  }

  readonly #goOn = (): void => {
    const isWhole = this.#options.advance()
    if (isWhole && this.#next === undefined) this.#isBusy = false
    else this.#timer = this.#options.clock.setTimeout(isWhole ? this.#begin : this.#goOn, 0)
  }
}
