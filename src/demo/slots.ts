/** A number of places; whoever finds none free waits for one, in order. */
export class Slots {
  /** Places that are taken. */
  used = 0
  readonly #size: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#size = size
  }

  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.used < this.#size) this.used++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // A place that someone waits for is handed on, not given back.
      const next = this.#waiting.shift()
      if (next === undefined) this.used--
      else next()
    }
  }
}
