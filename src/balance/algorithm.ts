import type { CandidateListener, Candidates } from './candidates.ts'
import type { ReserveContext } from './reservation.ts'
import type { Server } from './server.ts'

/** The names of the algorithms, as in the configuration. */
export type AlgorithmName = 'adaptive' | 'weighted-random' | 'round-robin' | 'least-request' | 'hash'

/** What the servers of an upstream are like taken together; each is the middle one's value. */
export interface Medians {
  latency: number
  successRate: number
}

/** A way to choose. It sees only servers that can take the request. */
export interface Algorithm<Pool = unknown> extends CandidateListener<Pool> {
  readonly name: AlgorithmName
  /** Chooses one; there is at least one candidate. `inFlight` counts the requests in flight on all servers together. */
  pick(candidates: Candidates<Pool>, context: ReserveContext, inFlight: number): Server<Pool>
  /** The share that a server is to have from here on; asked a few times a second. By default its weight, times its slow start. */
  shareOf?(server: Server<Pool>, medians: Medians, elapsedMs: number): number
  /** The list of active servers has changed. */
  apply?(servers: readonly Server<Pool>[]): void
  /** Whether scores are to be smoothed over several lists; otherwise they hold as they come. */
  readonly smoothsScores: boolean
}
