/** A server as discovery names it. */
export interface ServerSpec {
  /** `host:port`: the label in metrics and logs, unique in an upstream. */
  name: string
  protocol: 'http:' | 'https:'
  /** The name or address that is dialled. */
  host: string
  port: number
  /** 0 and above: an agent's score, or the weight in a fixed list. 0 takes nothing, unless all are 0: then all serve alike. */
  weight: number
  /** SUNDOWN: no new requests. */
  draining: boolean
  /** For TLS (SNI and verification), where `host` is an address that was got from a name. */
  servername?: string
}

/**
 * How a request ended, seen from the server.
 *
 * `server_error` is an answer of 5xx, `bad_response` one that is not HTTP. `aborted` (the client left) and `unused`
 * (the reservation was given back before anything was sent) say nothing about the server.
 */
export type Outcome =
  | 'success'
  | 'server_error'
  | 'connect_failed'
  | 'timeout'
  | 'connection_lost'
  | 'bad_response'
  | 'aborted'
  | 'unused'

/** `active` takes requests; `draining` is listed, but takes none; `removed` is off the list and ends with its last request. */
export type ServerState = 'active' | 'draining' | 'removed'

/** Why a server was ejected. */
export type EjectionReason = 'consecutive_failures' | 'success_rate'

const noEjections = Object.freeze({ consecutive_failures: 0, success_rate: 0 })

/** Whether an outcome is the server's fault. */
export function isFailure(outcome: Outcome): boolean {
  return outcome !== 'success' && outcome !== 'aborted' && outcome !== 'unused'
}

/** Who opens the connections to a server. */
export interface PoolSource<Pool> {
  openPoolOf(server: Server<Pool>): Pool
}

/**
 * All that is known of one server: plain fields, which the hot path writes and metrics read.
 *
 * The record lives as long as the server is listed or has requests in flight, and outlives its pool.
 */
export class Server<Pool = unknown> {
  // What every request touches stands first, and so together in memory.
  /** Requests that hold a slot now, tunnels included. */
  inFlight = 0
  /** Slots: no more requests than this at once. */
  limit: number
  /** Where the choice stands by weight: `weight` times slow start, and what the algorithm has learnt. */
  share = 0
  /** The most requests in flight at once since the limit was last learnt. */
  peakInFlight = 0
  /** How old it is, as of when its record was last brought up to date. See server-ages.ts. */
  ageClass = 0
  /** Its index among the candidates; -1 = it is none. */
  place = -1
  state: ServerState = 'active'
  /** Failures since the last success. */
  failuresInARow = 0
  /** How many latencies that is made of, as far as it matters. */
  latencies = 0
  /** Milliseconds to the head of a response, as a moving (geometric) average; 0 before the first. */
  latency = 0
  /** The share of requests that succeeded, as a moving average. */
  successRate = 1
  /** When it last answered, well or badly, in the clock's milliseconds. */
  heardAt: number
  /** Requests by how they ended. */
  readonly outcomes: Record<Outcome, number> = {
    success: 0,
    server_error: 0,
    connect_failed: 0,
    timeout: 0,
    connection_lost: 0,
    bad_response: 0,
    aborted: 0,
    unused: 0,
  }
  /** How near its next turn is, for an algorithm that takes turns: each has a measure of its own. */
  turn = 0
  /** Its level by share, and its index there. See candidates.ts. */
  level = 0
  levelPlace = 0
  /** The connections to it; undefined before their first use. */
  openedPool: Pool | undefined
  /** When it joined or came back, in the clock's milliseconds; `-Infinity` where no slow start is due. */
  joinedAt: number

  readonly name: string
  spec: ServerSpec
  /** The list that named it last; for the directory. */
  listing = 0
  /** The score that discovery gave last; 1 where it gave 0 to all. */
  score: number
  /** The score as it is used: smoothed, and decayed to the median when it is old. */
  weight = 0
  /** The learnt correction of a wrong score: 1/4 to 4. */
  kappa = 1
  /** 0.1 to 1: how far the slow start has come. */
  slow = 1
  /** When what changes with time was last brought up to date, in the clock's milliseconds. */
  refreshedAt: number
  /** Milliseconds to the head of a response without load; 0 before the first. */
  baseLatency = 0
  /** The limit as learnt, and how often it was. */
  learntLimit: number
  limitRound = 0

  /** The verdict of the active checks; true without them. */
  healthy = true
  /** Until when it is ejected, in the clock's milliseconds; 0 = it is not. */
  ejectedUntil = 0
  ejectionReason: EjectionReason | undefined
  /** Ejections by reason, ever. */
  ejections: Readonly<Record<EjectionReason, number>> = noEjections
  /** Ejections that followed upon each other: each doubles the time out. */
  ejectionStreak = 0
  /** When it was last let back in, in the clock's milliseconds. */
  readmittedAt = Number.NEGATIVE_INFINITY

  /** Its place on the ring of `hash`, -1 = it has none; and its share there. */
  ringPlace = -1
  ringShare = 0
  /** What stands for it in a cookie; empty until it is asked for. */
  stickyName = ''
  readonly #pools: PoolSource<Pool>

  constructor(spec: ServerSpec, pools: PoolSource<Pool>, limit: number, now: number, joinedAt: number) {
    this.name = spec.name
    this.spec = spec
    this.#pools = pools
    this.limit = limit
    this.learntLimit = limit
    this.score = spec.weight
    this.joinedAt = joinedAt
    this.heardAt = now
    this.refreshedAt = now
  }

  /** The connections to it, which are opened now where they have not been: only for whoever is about to use them. */
  get pool(): Pool {
    this.openedPool ??= this.#pools.openPoolOf(this)
    return this.openedPool
  }

  isActive(): boolean {
    return this.state === 'active'
  }

  isEjected(): boolean {
    return this.ejectedUntil > 0
  }

  /** Nothing speaks against it: neither its checks nor its answers. */
  isSound(): boolean {
    return this.healthy && this.ejectedUntil === 0
  }

  isFull(): boolean {
    return this.inFlight >= this.limit
  }
}

/**
 * The engine gives a field the form of the numbers that it has seen in it, and changes every record when a fraction
 * comes. One record full of fractions, made beforehand, spares the first 10 000 servers that (10 ms).
 */
function teachFractions(): void {
  const spec: ServerSpec = { name: '', protocol: 'http:', host: '', port: 0, weight: 0.5, draining: false }
  const server = new Server(spec, { openPoolOf: () => undefined }, 1, 0.5, 0.5)
  server.share = server.turn = server.weight = server.kappa = server.slow = 0.5
  server.latency =
    server.baseLatency =
    server.learntLimit =
    server.limit =
    server.successRate =
    server.ejectedUntil =
    server.ringShare =
      0.5
}

teachFractions()
