import type { Algorithm } from './algorithm.ts'
import type { Server } from './server.ts'
import { TurnHeap } from './turn-heap.ts'

/**
 * In turn, and smoothly by weight: in virtual time a server is due every 1 / share, and whoever is due first is taken
 * (earliest deadline first, as in Envoy).
 *
 * Each server begins at random within its first turn, so gateways that start together do not all begin with the same
 * server; between them they split evenly only on average.
 */
export class RoundRobin<Pool> implements Algorithm<Pool> {
  readonly name = 'round-robin'
  readonly smoothsScores = false
  readonly #random: () => number
  readonly #turns = new TurnHeap<Pool>()
  #now = 1

  constructor(random: () => number) {
    this.#random = random
  }

  admit(server: Server<Pool>): void {
    if (server.isQueued) return
    if (server.turn === 0) server.turn = this.#now + this.#random() / server.share
    // Turns that were missed are not made up for: they would come as a burst.
    else if (server.turn < this.#now) server.turn = this.#now
    server.isQueued = true
    this.#turns.push(server)
  }

  pick(): Server<Pool> {
    let server = this.#turns.first!
    // Whoever has ceased to be a candidate leaves when its turn comes; every candidate is in the heap.
    while (server.place < 0) {
      server.isQueued = false
      this.#turns.pop()
      server = this.#turns.first!
    }
    this.#now = server.turn
    server.turn += 1 / server.share
    this.#turns.settleFirst()
    return server
  }
}
