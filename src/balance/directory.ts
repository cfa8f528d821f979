import { Server, type ServerSpec } from './server.ts'

/** What a directory needs to keep its servers. */
export interface DirectoryOptions<Pool> {
  openPool: (spec: ServerSpec) => Pool
  /** The pool takes no more requests; those that run on it finish. */
  closePool: (pool: Pool) => void
  /** Slots of a new server. */
  limit: number
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

  apply(specs: readonly ServerSpec[], now: number): void {
    const listed = new Set<string>()
    const active: Server<Pool>[] = []
    // Not at the gateway's own start: when all are new, none is to be spared.
    const joinedAt = this.#isFirst ? Number.NEGATIVE_INFINITY : now
    if (specs.length > 0) this.#isFirst = false
    for (const spec of specs) {
      if (listed.has(spec.name)) continue
      listed.add(spec.name)
      const server = this.#servers.get(spec.name)
      const current = server === undefined ? this.#join(spec, joinedAt) : this.#keep(server, spec, now)
      if (current.state === 'active') active.push(current)
    }
    for (const server of this.#servers.values()) {
      if (!listed.has(server.name)) this.#remove(server)
    }
    this.isAlike = active.every((server) => server.score === 0)
    if (this.isAlike) for (const server of active) server.score = 1
    this.active = active
  }

  /** To be called whenever a server has no more requests in flight. */
  forget(server: Server<Pool>): void {
    if (server.state !== 'removed' || server.inFlight > 0) return
    if (this.#servers.get(server.name) !== server) return
    this.#servers.delete(server.name)
    this.#options.onChange?.('removed', server)
  }

  #join(spec: ServerSpec, joinedAt: number): Server<Pool> {
    const server = new Server(spec, this.#options.openPool(spec), this.#options.limit, joinedAt)
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
    if (server.state !== 'active') {
      server.pool = this.#options.openPool(spec)
      server.state = 'active'
      server.joinedAt = now
      server.weight = 0
      this.#options.onChange?.('returned', server)
    } else if (!dialsAlike(last, spec)) {
      const retired = server.pool
      server.pool = this.#options.openPool(spec)
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
