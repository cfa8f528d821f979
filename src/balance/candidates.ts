import type { Server } from './server.ts'

/** Told of every server that becomes a candidate. */
export interface CandidateListener<Pool> {
  admit?(server: Server<Pool>): void
}

const lowestExponent = -12
const highestExponent = 20
const levelCount = highestExponent - lowestExponent + 1

/**
 * The servers that can take a request now, kept as requests come and go, so that a choice need not search.
 *
 * Adding, deleting and both ways of drawing take constant time, whatever the number of servers. For the draw by
 * weight, servers stand in levels by powers of two of their share, and a draw is rejected and repeated in proportion
 * to what a share lacks to the top of its level, which is less than half (after Matias, Vitter and Ni, 'Dynamic
 * generation of discrete random variates', 1993).
 */
export class Candidates<Pool> {
  /** In no order. */
  readonly list: Server<Pool>[] = []
  /** The sum of the shares; exact after each `recount`. */
  total = 0
  readonly #levels: Server<Pool>[][] = Array.from({ length: levelCount }, () => [])
  readonly #listener: CandidateListener<Pool>
  /** The sum of the levels' tops over all members: a whole number of the lowest level, hence without rounding. */
  #ceiling = 0

  constructor(listener: CandidateListener<Pool> = {}) {
    this.#listener = listener
  }

  add(server: Server<Pool>): void {
    if (server.place >= 0) return
    server.place = this.list.length
    this.list.push(server)
    this.total += server.share
    this.#enter(server, levelOf(server.share))
    this.#listener.admit?.(server)
  }

  delete(server: Server<Pool>): void {
    if (server.place < 0) return
    const last = this.list.pop()!
    if (last !== server) {
      this.list[server.place] = last
      last.place = server.place
    }
    server.place = -1
    this.total = this.list.length === 0 ? 0 : this.total - server.share
    this.#leave(server)
  }

  /** Must be called for every change of a share. */
  reweigh(server: Server<Pool>, share: number): void {
    if (server.place < 0) {
      server.share = share
      return
    }
    this.total += share - server.share
    server.share = share
    const level = levelOf(share)
    if (level === server.level) return
    this.#leave(server)
    this.#enter(server, level)
  }

  /** Takes the rounding out of `total`. */
  recount(): void {
    let total = 0
    for (const server of this.list) total += server.share
    this.total = total
  }

  /** Each with the same probability. There must be a candidate. */
  drawUniformly(random: () => number): Server<Pool> {
    return this.list[Math.floor(random() * this.list.length)]!
  }

  /** Each with a probability in proportion to its share. There must be a candidate. */
  drawByShare(random: () => number): Server<Pool> {
    if (this.list.length === 1) return this.list[0]!
    for (;;) {
      let point = random() * this.#ceiling
      for (let level = levelCount - 1; level >= 0; level--) {
        const members = this.#levels[level]!
        if (members.length === 0) continue
        const top = topOf(level)
        const span = members.length * top
        if (point >= span) {
          point -= span
          continue
        }
        const index = Math.floor(point / top)
        const server = members[index]!
        if (point - index * top < server.share) return server
        break
      }
    }
  }

  #enter(server: Server<Pool>, level: number): void {
    const members = this.#levels[level]!
    server.level = level
    server.levelPlace = members.length
    members.push(server)
    this.#ceiling += topOf(level)
  }

  #leave(server: Server<Pool>): void {
    const members = this.#levels[server.level]!
    const last = members.pop()!
    if (last !== server) {
      members[server.levelPlace] = last
      last.levelPlace = server.levelPlace
    }
    this.#ceiling -= topOf(server.level)
  }
}

const tops = Array.from({ length: levelCount }, (_, level) => 2 ** (lowestExponent + level + 1))

function topOf(level: number): number {
  return tops[level]!
}

/** Shares out of range count as the nearest in range. */
function levelOf(share: number): number {
  const exponent = Math.floor(Math.log2(share))
  return Math.min(Math.max(exponent, lowestExponent), highestExponent) - lowestExponent
}
