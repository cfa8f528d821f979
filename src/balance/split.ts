/** One of several to split requests between. */
export interface Part<Target> {
  target: Target
  /** Relative to the other weights; 0 = nothing, unless all are 0. */
  weight: number
}

const longestStart = 1_000

/**
 * Splits requests between a few targets exactly by weight: of any run of requests as long as the sum of whole weights,
 * each target gets just its weight, well mixed (smooth weighted round-robin, as in nginx).
 *
 * It starts at a random point of its cycle, so that several gateways do not send the same requests to the canary.
 */
export class Split<Target> {
  readonly #parts: (Part<Target> & { credit: number })[]
  readonly #total: number

  constructor(parts: readonly Part<Target>[], random: () => number = Math.random) {
    if (parts.length === 0) throw new RangeError('A split needs a part')
    const isAlike = parts.every((part) => part.weight === 0)
    this.#parts = parts.map(({ target, weight }) => ({ target, weight: isAlike ? 1 : weight, credit: 0 }))
    this.#total = this.#parts.reduce((total, part) => total + part.weight, 0)
    for (let skip = Math.floor(random() * longestStart); skip > 0; skip--) this.next()
  }

  next(): Target {
    let best = this.#parts[0]!
    if (this.#parts.length === 1) return best.target
    for (const part of this.#parts) {
      part.credit += part.weight
      if (part.credit > best.credit) best = part
    }
    best.credit -= this.#total
    return best.target
  }
}
