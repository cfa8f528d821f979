import { type ListedServers, Listing } from './listing.ts'
import { type PoolSource, Server, type ServerSpec } from './server.ts'

/** What a directory needs to keep its servers. */
export interface DirectoryOptions<Pool> {
  /** `former` is the pool whose place it takes. */
  openPool: (spec: ServerSpec, former?: Pool) => Pool
  /** Whether pools are opened before anybody needs them. */
  opensAhead: () => boolean
  /** The pool takes no more requests; those that run on it finish. */
  closePool: (pool: Pool, reason: 'server_removed' | 'shutdown') => void
  /** Takes `closePool` back. Absent = a server that returns gets a new pool. */
  restorePool?: ((pool: Pool) => void) | undefined
  /** Slots of a new server. */
  limit: () => number
  onChange?: (type: 'joined' | 'draining' | 'removed' | 'returned', server: Server<Pool>) => void
}

/**
 * The servers of an upstream. A new list replaces the last one; whoever stays keeps its counters, its pool and its
 * requests. While a long list goes through, those of it that have had their turn serve beside the ones before.
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
export class Directory<Pool> implements ListedServers<Pool>, PoolSource<Pool> {
  /** Active servers; an array that is never changed, only replaced. */
  active: readonly Server<Pool>[] = []
  /** Whether all scores were 0, so that all serve alike. */
  isAlike = false
  readonly #servers = new Map<string, Server<Pool>>()
  readonly #options: DirectoryOptions<Pool>
  /** Active servers that are not among `active` yet. */
  #arrived: Server<Pool>[] = []
  #isFirst = true
  #isClosed = false
  #lists = 0

  constructor(options: DirectoryOptions<Pool>) {
    this.#options = options
  }

  /** Every server that is listed or still has requests in flight. */
  get all(): Iterable<Server<Pool>> {
    return this.#servers.values()
  }

  get(name: string): Server<Pool> | undefined {
    return this.#servers.get(name)
  }

  /** Begins with a list, which takes effect as it is advanced. */
  begin(specs: readonly ServerSpec[]): Listing<Pool> {
    const listing = new Listing(this, specs, ++this.#lists)
    this.isAlike = listing.isAlike
    return listing
  }

  /** Goes on with so many servers of a list at most; returns those of them that it names. */
  advance(listing: Listing<Pool>, most: number, now: number): Server<Pool>[] {
    const named = listing.advance(most, now)
    if (!listing.isDone) this.active = [...this.active, ...this.#arrived]
    else {
      this.active = listing.active
      if (this.#servers.size > 0) this.#isFirst = false
    }
    this.#arrived = []
    return named
  }

  /** Gives every server as many slots as a new one. */
  limitAll(): void {
    for (const server of this.#servers.values()) {
      server.limit = this.#options.limit()
      server.learntLimit = server.limit
    }
  }

  /**
   * Opens other pools for all servers that have one; they come into use, and the ones before retire, when what it
   * returns is called. Where one cannot be opened, it throws, and nothing has changed.
   */
  prepareRenewal(openPool: DirectoryOptions<Pool>['openPool']): () => void {
    const opened: [Server<Pool>, Pool][] = []
    try {
      for (const server of this.#servers.values()) {
        if (server.openedPool !== undefined) opened.push([server, openPool(server.spec, server.openedPool)])
      }
    } catch (error) {
      for (const [, pool] of opened) this.#close(pool)
      throw error
    }
    return () => {
      for (const [server, pool] of opened) {
        if (server.state !== 'active') this.#close(pool)
        else if (server.openedPool !== undefined) this.#close(server.openedPool)
        server.openedPool = pool
      }
    }
  }

  /** Opens what is to be open before anybody needs it. */
  openAhead(): void {
    if (this.#options.opensAhead()) for (const server of this.active) void server.pool
  }

  /** For `Server` alone. A request may hold a slot of a server that has left since: it is served, and no other. */
  openPoolOf(server: Server<Pool>): Pool {
    const pool = this.#options.openPool(server.spec)
    if (this.#isClosed) this.#options.closePool(pool, 'shutdown')
    else if (!server.isActive()) this.#close(pool)
    return pool
  }

  /** Retires every pool, for good. */
  close(): void {
    this.#isClosed = true
    for (const server of this.#servers.values()) {
      if (server.isActive() && server.openedPool !== undefined)
        this.#options.closePool(server.openedPool, 'shutdown')
    }
    this.active = []
  }

  /** To be called whenever a server has no more requests in flight. */
  forget(server: Server<Pool>): void {
    if (server.state !== 'removed' || server.inFlight > 0) return
    if (this.#servers.get(server.name) !== server) return
    this.#servers.delete(server.name)
    this.#options.onChange?.('removed', server)
  }

  /** For `Listing` alone, as the next two. */
  join(spec: ServerSpec, now: number): Server<Pool> {
    // Not at the gateway's own start: when all are new, none is to be spared.
    const joinedAt = this.#isFirst ? Number.NEGATIVE_INFINITY : now
    const server = new Server<Pool>(spec, this, this.#options.limit(), now, joinedAt)
    this.#servers.set(spec.name, server)
    this.#options.onChange?.('joined', server)
    if (spec.draining) this.#drain(server, 'draining')
    else this.#arrive(server)
    return server
  }

  keep(server: Server<Pool>, spec: ServerSpec, now: number): void {
    const last = server.spec
    server.spec = spec
    server.score = spec.weight
    if (spec.draining) {
      if (server.state === 'active') this.#drain(server, 'draining')
      else server.state = 'draining'
      return
    }
    const retired = server.state !== 'active'
    this.#redial(server, dialsAlike(last, spec), retired)
    if (!retired) return
    server.state = 'active'
    server.joinedAt = now
    server.weight = 0
    this.#options.onChange?.('returned', server)
    this.#arrive(server)
  }

  remove(server: Server<Pool>): void {
    if (server.state === 'active') this.#drain(server, 'removed')
    server.state = 'removed'
    this.forget(server)
  }

  #arrive(server: Server<Pool>): void {
    this.#arrived.push(server)
    if (this.#options.opensAhead()) void server.pool
  }

  /** Gives a server that has connections the right ones. */
  #redial(server: Server<Pool>, dialsAsBefore: boolean, wasRetired: boolean): void {
    const { openPool, restorePool } = this.#options
    const { openedPool, spec } = server
    if (openedPool === undefined || (dialsAsBefore && !wasRetired)) return
    if (dialsAsBefore && restorePool !== undefined) return restorePool(openedPool)
    server.openedPool = openPool(spec, openedPool)
    if (!wasRetired) this.#close(openedPool)
  }

  #drain(server: Server<Pool>, state: 'draining' | 'removed'): void {
    server.state = state
    if (state === 'draining') this.#options.onChange?.('draining', server)
    else if (server.inFlight > 0) this.#options.onChange?.('draining', server)
    if (server.openedPool !== undefined) this.#close(server.openedPool)
  }

  #close(pool: Pool): void {
    this.#options.closePool(pool, 'server_removed')
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
