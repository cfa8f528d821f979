import type { Server } from './server.ts'

const lowestExponent = -12
const highestExponent = 20
const levelCount = highestExponent - lowestExponent + 1
const leastShare = 2 ** lowestExponent
const greatestShare = 2 ** (highestExponent + 1)

/** Servers whose shares lie between half of `top` and `top`. */
export interface Level<Pool> {
  /** Among the levels. */
  readonly index: number
  readonly top: number
  readonly servers: Server<Pool>[]
  /** Of each of them, its share over `top`: beside them, so that a draw need not look at those that it rejects. */
  readonly fills: number[]
  /** The sum of their shares; exact after each `recount`. */
  total: number
}

/** Told of every server that becomes a candidate. */
export interface CandidateListener<Pool> {
  admit?(server: Server<Pool>): void
}

/**
 * The servers that can take a request now, kept as requests come and go, so that a choice need not search.
 *
 * Adding, deleting and both ways of drawing take constant time, whatever the number of servers. They stand in levels
 * by powers of two of their share, so that a draw by share can take any server of a level and reject it with a
 * probability of less than one half (after Matias, Vitter and Ni, 'Dynamic generation of discrete random variates').
 */
export class Candidates<Pool> {
  /** In no order. */
  readonly list: Server<Pool>[] = []
  /** By falling shares; a server in one knows its index there. */
  readonly levels: readonly Level<Pool>[] = Array.from({ length: levelCount }, (_, index) => ({
    index,
    top: greatestShare / 2 ** index,
    servers: [],
    fills: [],
    total: 0,
  }))
  /** The sum of the shares; exact after each `recount`. */
  total = 0
  readonly #listener: CandidateListener<Pool>
  #occupied: readonly Level<Pool>[] | undefined
  /** The sum of the tops of all servers' levels: a whole multiple of the lowest, hence without rounding. */
  #ceiling = 0

  constructor(listener: CandidateListener<Pool> = {}) {
    this.#listener = listener
  }

  /** The levels in which there are servers: of 33 mostly a few, which is all that a choice looks at. */
  get occupied(): readonly Level<Pool>[] {
    this.#occupied ??= this.levels.filter(({ servers }) => servers.length > 0)
    return this.#occupied
  }

  add(server: Server<Pool>): void {
    if (server.place >= 0) return
    server.place = this.list.length
    this.list.push(server)
    this.#enter(server)
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
    this.#leave(server)
  }

  /** Every change of a share goes through here. It is kept within 1/4096 and 2 million, or is 0: no candidate's. */
  reweigh(server: Server<Pool>, share: number): void {
    const kept = share > 0 ? Math.min(Math.max(share, leastShare), greatestShare) : 0
    if (kept === server.share) return
    if (kept === 0) this.delete(server)
    if (server.place < 0) {
      server.share = kept
      return
    }
    this.#leave(server)
    server.share = kept
    this.#enter(server)
  }

  /** Takes the rounding out of the totals. */
  recount(): void {
    this.total = 0
    for (const level of this.levels) {
      level.total = 0
      for (const server of level.servers) level.total += server.share
      this.total += level.total
    }
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
      for (const { servers, fills, top } of this.occupied) {
        const span = servers.length * top
        if (point >= span) {
          point -= span
          continue
        }
        point /= top
        const index = Math.floor(point)
        if (point - index < fills[index]!) return servers[index]!
        break
      }
    }
  }

  #enter(server: Server<Pool>): void {
    server.level = levelOf(server.share)
    const level = this.levels[server.level]!
    server.levelPlace = level.servers.length
    if (level.servers.length === 0) this.#occupied = undefined
    level.servers.push(server)
    level.fills.push(server.share / level.top)
    level.total += server.share
    this.total += server.share
    this.#ceiling += level.top
  }

  #leave(server: Server<Pool>): void {
    const level = this.levels[server.level]!
    const last = level.servers.pop()!
    const fill = level.fills.pop()!
    if (last !== server) {
      level.servers[server.levelPlace] = last
      level.fills[server.levelPlace] = fill
      last.levelPlace = server.levelPlace
    }
    if (level.servers.length === 0) this.#occupied = undefined
    level.total = level.servers.length === 0 ? 0 : level.total - server.share
    this.total = this.list.length === 0 ? 0 : this.total - server.share
    this.#ceiling -= level.top
  }
}

/** The greatest share of all stands with those below it. */
function levelOf(share: number): number {
  return Math.max(0, highestExponent - Math.floor(Math.log2(share)))
}
