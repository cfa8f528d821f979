import type { Server, ServerSpec } from './server.ts'

/** What becomes of the servers of a directory as a list goes through. */
export interface ListedServers<Pool> {
  /** Every server that is known. */
  readonly all: Iterable<Server<Pool>>
  get(name: string): Server<Pool> | undefined
  join(spec: ServerSpec, now: number): Server<Pool>
  keep(server: Server<Pool>, spec: ServerSpec, now: number): void
  remove(server: Server<Pool>): void
}

/** A list on its way into a directory: first whoever is on it, in its order, and then out with whoever is not. */
export class Listing<Pool> {
  /** Whether all scores are 0, so that all serve alike. */
  readonly isAlike: boolean
  /** The active servers of the list, as far as it has come. */
  readonly active: Server<Pool>[] = []
  /** Whether it has gone through whole. */
  isDone = false
  readonly #servers: ListedServers<Pool>
  readonly #specs: readonly ServerSpec[]
  readonly #number: number
  #next = 0
  #known: Iterator<Server<Pool>> | undefined
  /** The next that is to leave. */
  #leaver: Server<Pool> | undefined

  /** @param number of the list in the directory: what it has named bears it */
  constructor(servers: ListedServers<Pool>, specs: readonly ServerSpec[], number: number) {
    this.#servers = servers
    this.#specs = specs
    this.#number = number
    this.isAlike = specs.every(({ draining, weight }) => draining || weight === 0)
  }

  /** Goes on with so many servers at most; returns those of them that the list names. */
  advance(most: number, now: number): Server<Pool>[] {
    const named: Server<Pool>[] = []
    while (this.#next < this.#specs.length) {
      if (named.length === most) return named
      const server = this.#name(this.#specs[this.#next++]!, now)
      if (server !== undefined) named.push(server)
    }
    for (let left = most - named.length; ; left--) {
      this.#leaver ??= this.#findLeaver()
      if (this.#leaver === undefined) break
      if (left === 0) return named
      this.#servers.remove(this.#leaver)
      this.#leaver = undefined
    }
    this.isDone = true
    return named
  }

  #findLeaver(): Server<Pool> | undefined {
    this.#known ??= this.#servers.all[Symbol.iterator]()
    for (;;) {
      const { done, value } = this.#known.next()
      if (done) return undefined
      if (value.listing !== this.#number) return value
    }
  }

  /** Undefined where the list has named it before. */
  #name(spec: ServerSpec, now: number): Server<Pool> | undefined {
    const known = this.#servers.get(spec.name)
    if (known?.listing === this.#number) return undefined
    if (known !== undefined) this.#servers.keep(known, spec, now)
    const server = known ?? this.#servers.join(spec, now)
    server.listing = this.#number
    if (!server.isActive()) return server
    if (this.isAlike) server.score = 1
    this.active.push(server)
    return server
  }
}
