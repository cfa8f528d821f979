import type { Clock, Timer } from '../clock.ts'

/** How often a process is asked whether it is well, ms. */
const everyMs = 1_000
/** Whoever has had so many times to answer, and has not, hangs. */
const mostMissed = 10

export interface PulseOptions {
  clock: Clock
  /** Asks; resolves with the answer. */
  beat: () => Promise<unknown>
  /** Called once. */
  onStuck: () => void
}

/**
 * Tells whether the event loop of another process turns. It counts times at which it could look, not the time: where the
 * whole machine has stood still, nobody hangs.
 */
export class Pulse {
  readonly #options: PulseOptions
  #timer: Timer | undefined
  #isAnswered = true
  #missed = 0

  constructor(options: PulseOptions) {
    this.#options = options
    this.#look()
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer)
  }

  #look(): void {
    const { clock, onStuck } = this.#options
    if (this.#isAnswered) this.#ask()
    else if (++this.#missed >= mostMissed) return onStuck()
    this.#timer = clock.setTimeout(() => this.#look(), everyMs)
  }

  #ask(): void {
    this.#isAnswered = false
    this.#missed = 0
    const answered = () => {
      this.#isAnswered = true
    }
    this.#options.beat().then(answered, () => {})
  }
}
