import { Server, type ServerSpec } from './server.ts'

/** What a directory needs to keep its servers. */
export interface DirectoryOptions<Pool> {
  /** `former` is the pool whose place it takes. */
  openPool: (spec: ServerSpec, former?: Pool) => Pool
  /** The pool takes no more requests; those that run on it finish. */
  closePool: (pool: Pool) => void
  /** Takes `closePool` back. Absent = a server that returns gets a new pool. */
  restorePool?: ((pool: Pool) => void) | undefined
  /** Slots of a new server. */
  limit: () => number
  onChange?: (type: 'joined' | 'draining' | 'removed' | 'returned', server: Server<Pool>) => void
}

/**
 * The servers of an upstream. A new list replaces the last one at once and whole; whoever stays keeps its counters,
 * its pool and its requests.
 *
 * ```
 *            listed                SUNDOWN               in flight = 0
 *   (new) ----------> active ---------------> draining        ^
 *                     |   ^                    |   |          |
 *                     |   +---- listed again --+   | not listed
 *                     |   |                        v          |
 *                     +---|-- not listed ------> removed -----+---> (forgotten)
 *                         +---- listed again ------+
 * ```
 */
export class Directory<Pool> {
  /** Active servers; an array that is never changed, only replaced. */
  active: readonly Server<Pool>[] = []
  /** Whether all scores were 0, so that all serve alike. */
  isAlike = false
  readonly #servers = new Map<string, Server<Pool>>()
  readonly #options: DirectoryOptions<Pool>
  #isFirst = true
  #listing = 0

  constructor(options: DirectoryOptions<Pool>) {
    this.#options = options
  }

  /** Every server that is listed or still has requests in flight. */
  get all(): Iterable<Server<Pool>> {
    return this.#servers.values()
  }

  get size(): number {
    return this.#servers.size
  }

  get(name: string): Server<Pool> | undefined {
    return this.#servers.get(name)
  }

  /** Returns whether other servers are active than before. */
  apply(specs: readonly ServerSpec[], now: number): boolean {
    const listing = ++this.#listing
    const active: Server<Pool>[] = []
    // Not at the gateway's own start: when all are new, none is to be spared.
    const joinedAt = this.#isFirst ? Number.NEGATIVE_INFINITY : now
    if (specs.length > 0) this.#isFirst = false
    let listed = 0
    let isAlike = true
    for (const spec of specs) {
      const known = this.#servers.get(spec.name)
      if (known?.listing === listing) continue
      const server = known === undefined ? this.#join(spec, now, joinedAt) : this.#keep(known, spec, now)
      server.listing = listing
      listed++
      if (server.state !== 'active') continue
      active.push(server)
      if (server.score > 0) isAlike = false
    }
    if (listed < this.#servers.size) {
      for (const server of this.#servers.values()) if (server.listing !== listing) this.#remove(server)
    }
    if (isAlike) for (const server of active) server.score = 1
    const last = this.active
    this.active = active
    this.isAlike = isAlike
    return active.length !== last.length || active.some((server, index) => server !== last[index])
  }

  /** Gives every server as many slots as a new one. */
  limitAll(): void {
    for (const server of this.#servers.values()) {
      server.limit = this.#options.limit()
      server.learntLimit = server.limit
    }
  }

  /**
   * Opens other pools for all servers; they come into use, and the ones before retire, when what it returns is called.
   * Where one cannot be opened, it throws, and nothing has changed.
   */
  prepareRenewal(openPool: DirectoryOptions<Pool>['openPool']): () => void {
    const { closePool } = this.#options
    const opened: [Server<Pool>, Pool][] = []
    try {
      for (const server of this.#servers.values()) opened.push([server, openPool(server.spec, server.pool)])
    } catch (error) {
      for (const [, pool] of opened) closePool(pool)
      throw error
    }
    return () => {
      for (const [server, pool] of opened) {
        if (server.state === 'active') closePool(server.pool)
        else closePool(pool)
        server.pool = pool
      }
    }
  }

  /** To be called whenever a server has no more requests in flight. */
  forget(server: Server<Pool>): void {
    if (server.state !== 'removed' || server.inFlight > 0) return
    if (this.#servers.get(server.name) !== server) return
    this.#servers.delete(server.name)
    this.#options.onChange?.('removed', server)
  }

  #join(spec: ServerSpec, now: number, joinedAt: number): Server<Pool> {
    const server = new Server(spec, this.#options.openPool(spec), this.#options.limit(), now, joinedAt)
    this.#servers.set(spec.name, server)
    this.#options.onChange?.('joined', server)
    if (spec.draining) this.#drain(server, 'draining')
    return server
  }

  #keep(server: Server<Pool>, spec: ServerSpec, now: number): Server<Pool> {
    const last = server.spec
    server.spec = spec
    server.score = spec.weight
    if (spec.draining) {
      if (server.state === 'active') this.#drain(server, 'draining')
      else server.state = 'draining'
      return server
    }
    const dialsAsBefore = dialsAlike(last, spec)
    if (server.state !== 'active') {
      const { openPool, restorePool } = this.#options
      if (restorePool !== undefined && dialsAsBefore) restorePool(server.pool)
      else server.pool = openPool(spec, server.pool)
      server.state = 'active'
      server.joinedAt = now
      server.weight = 0
      this.#options.onChange?.('returned', server)
    } else if (!dialsAsBefore) {
      const retired = server.pool
      server.pool = this.#options.openPool(spec, retired)
      this.#options.closePool(retired)
    }
    return server
  }

  #remove(server: Server<Pool>): void {
    if (server.state === 'active') this.#drain(server, 'removed')
    server.state = 'removed'
    this.forget(server)
  }

  #drain(server: Server<Pool>, state: 'draining' | 'removed'): void {
    server.state = state
    if (state === 'draining') this.#options.onChange?.('draining', server)
    else if (server.inFlight > 0) this.#options.onChange?.('draining', server)
    this.#options.closePool(server.pool)
  }
}

function dialsAlike(one: ServerSpec, other: ServerSpec): boolean {
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.protocol === other.protocol &&
    one.servername === other.servername
  )
}
