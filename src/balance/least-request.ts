import type { Algorithm } from './algorithm.ts'
import type { Candidates } from './candidates.ts'
import type { Server } from './server.ts'

const fewServers = 16
const draws = 4

/**
 * Whoever has the fewest requests in flight for its share; ties at random.
 *
 * Of up to 16 servers all are compared; of more, four that are drawn at random, which comes close to the best of all
 * (Mitzenmacher, 'The power of two choices in randomized load balancing') and, with several gateways that do not
 * see each other's requests, keeps them from all sending to the same server.
 */
export class LeastRequest<Pool> implements Algorithm<Pool> {
  readonly name = 'least-request'
  readonly smoothsScores = true
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  pick(candidates: Candidates<Pool>): Server<Pool> {
    const { list } = candidates
    return list.length <= fewServers ? this.#leastOf(list) : this.#leastDrawn(candidates)
  }

  #leastOf(list: readonly Server<Pool>[]): Server<Pool> {
    let least = list[0]!
    let leastCost = costOf(least)
    let ties = 1
    for (let index = 1; index < list.length; index++) {
      const server = list[index]!
      const cost = costOf(server)
      if (cost > leastCost) continue
      if (cost < leastCost) ties = 1
      // Of n that tie, the last to come is taken with 1 / n: each in the end with the same probability.
      else if (this.#random() * ++ties >= 1) continue
      least = server
      leastCost = cost
    }
    return least
  }

  /** They come at random, so that of those that tie the first will do. */
  #leastDrawn(candidates: Candidates<Pool>): Server<Pool> {
    let least = candidates.drawUniformly(this.#random)
    let leastCost = costOf(least)
    for (let draw = 1; draw < draws; draw++) {
      const server = candidates.drawUniformly(this.#random)
      const cost = costOf(server)
      if (cost >= leastCost) continue
      least = server
      leastCost = cost
    }
    return least
  }
}

function costOf(server: Server): number {
  return (server.inFlight + 1) / server.share
}
