import type { Algorithm } from './algorithm.ts'
import type { Candidates } from './candidates.ts'
import type { Server } from './server.ts'

/**
 * In turn, and smoothly by weight.
 *
 * In two steps, so that the number of servers does not matter: first the level that is due, by smooth weighted
 * round-robin (as in nginx) among the levels of about equal shares; then its servers in turn, each of which
 * collects, with every pass, its share of a request, and takes one when it has a whole one.
 *
 * Each server begins at random within its turn: gateways that start together do not all begin with the same server,
 * and between them they split evenly on average.
 */
export class RoundRobin<Pool> implements Algorithm<Pool> {
  readonly name = 'round-robin'
  readonly smoothsScores = false
  readonly #random: () => number
  /** By level: what it is owed, in requests; and whose turn it is in it. */
  readonly #credits: number[] = []
  readonly #cursors: number[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  admit(server: Server<Pool>): void {
    if (server.turn === 0) server.turn = this.#random()
  }

  pick(candidates: Candidates<Pool>): Server<Pool> {
    const index = this.#dueLevel(candidates)
    const { servers, fills } = candidates.levels[index]!
    let cursor = this.#cursors[index]!
    for (; ; cursor++) {
      if (cursor >= servers.length) cursor = 0
      const server = servers[cursor]!
      server.turn += fills[cursor]!
      if (server.turn < 1) continue
      server.turn -= 1
      this.#cursors[index] = cursor + 1
      return server
    }
  }

  #dueLevel({ occupied, total }: Candidates<Pool>): number {
    let due = 0
    let most = Number.NEGATIVE_INFINITY
    for (const { index, total: share } of occupied) {
      const credit = (this.#credits[index] ?? this.#begin(index)) + share / total
      this.#credits[index] = credit
      if (credit <= most) continue
      due = index
      most = credit
    }
    this.#credits[due]! -= 1
    return due
  }

  #begin(index: number): number {
    this.#cursors[index] = Math.floor(this.#random() * 1_000)
    return 0
  }
}
