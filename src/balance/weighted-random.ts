import type { Algorithm } from './algorithm.ts'
import type { Candidates } from './candidates.ts'
import type { Server } from './server.ts'

/**
 * Each server with a probability in proportion to its score, whatever its load.
 *
 * It keeps no state, so any number of gateways choose as one would.
 */
export class WeightedRandom<Pool> implements Algorithm<Pool> {
  readonly name = 'weighted-random'
  readonly smoothsScores = false
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  pick(candidates: Candidates<Pool>): Server<Pool> {
    return candidates.drawByShare(this.#random)
  }
}
