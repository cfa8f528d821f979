import type { Server } from './server.ts'

const arity = 4

/**
 * Servers by their turn, the first to be due on top. A heap of four children a node, whose turns stand side by side:
 * a step down looks at one line of memory.
 */
export class TurnHeap<Pool> {
  size = 0
  #turns = new Float64Array(16)
  readonly #servers: Server<Pool>[] = []

  get first(): Server<Pool> | undefined {
    return this.#servers[0]
  }

  push(server: Server<Pool>): void {
    if (this.size === this.#turns.length) this.#grow()
    let place = this.size++
    while (place > 0) {
      const parent = Math.floor((place - 1) / arity)
      if (this.#turns[parent]! <= server.turn) break
      this.#turns[place] = this.#turns[parent]!
      this.#servers[place] = this.#servers[parent]!
      place = parent
    }
    this.#turns[place] = server.turn
    this.#servers[place] = server
  }

  /** Takes the first one off. */
  pop(): void {
    const last = this.#servers.pop()!
    this.size--
    if (this.size > 0) this.#sink(last, this.#turns[this.size]!)
  }

  /** Puts the first one where its turn, which has changed, belongs. */
  settleFirst(): void {
    const server = this.#servers[0]!
    this.#sink(server, server.turn)
  }

  #sink(server: Server<Pool>, turn: number): void {
    const turns = this.#turns
    let place = 0
    for (;;) {
      const first = place * arity + 1
      if (first >= this.size) break
      let child = first
      const end = Math.min(first + arity, this.size)
      for (let other = first + 1; other < end; other++) {
        if (turns[other]! < turns[child]!) child = other
      }
      if (turn <= turns[child]!) break
      turns[place] = turns[child]!
      this.#servers[place] = this.#servers[child]!
      place = child
    }
    turns[place] = turn
    this.#servers[place] = server
  }

  #grow(): void {
    const turns = new Float64Array(this.#turns.length * 2)
    turns.set(this.#turns)
    this.#turns = turns
  }
}
