import type { Server } from './server.ts'

/**
 * Smooth weighted round-robin in virtual time, for algorithms that consult it without obeying it.
 *
 * With each request the time moves on by 1 over the sum of the shares, and the turn of the server that took it by
 * 1 over its own share: at these rates every server is due once in its turn. Who takes requests out of turn
 * runs ahead by two turns at most; who is passed over is due at once and gains no more than that.
 */
export class Turns<Pool> {
  #now = 1
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** A server that is new gets a turn at random, so that gateways that start together do not choose alike. */
  admit(server: Server<Pool>): void {
    if (server.turn === 0) server.turn = this.#now + this.#random() / server.share
  }

  /** How far its turn is away: 0 when it is due. */
  left(server: Server<Pool>): number {
    return server.turn > this.#now ? server.turn - this.#now : 0
  }

  take(server: Server<Pool>, totalShare: number): void {
    const own = 1 / server.share
    this.#now += 1 / totalShare
    server.turn = Math.min(Math.max(server.turn + own, this.#now), this.#now + 2 * own)
  }
}
