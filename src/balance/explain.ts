import type { AlgorithmName } from './algorithm.ts'
import type { Server } from './server.ts'

/** Why a server is chosen as often as it is. */
export interface Explanation {
  algorithm: AlgorithmName
  server: string
  /** active, draining or removed; full, ejected, unhealthy or resting (weight 0) where that keeps an active one out. */
  state: string
  /** The score as discovery gave it, and as it is used. */
  score: number
  weight: number
  /** What it comes to with all that follows. */
  share: number
  inFlight: number
  limit: number
  kappa: number
  slowStart: number
  latencyMs: number
  successRate: number
  ejectionReason: string | undefined
  /** So few servers are sound that soundness is ignored. */
  panic: boolean
}

export function explain(server: Server, algorithm: AlgorithmName, panic: boolean): Explanation {
  return {
    algorithm,
    server: server.name,
    state: stateOf(server),
    score: server.score,
    weight: server.weight,
    share: server.share,
    inFlight: server.inFlight,
    limit: server.limit,
    kappa: server.kappa,
    slowStart: server.slow,
    latencyMs: server.latency,
    successRate: server.successRate,
    ejectionReason: server.ejectionReason,
    panic,
  }
}

function stateOf(server: Server): string {
  if (!server.isActive()) return server.state
  if (!server.healthy) return 'unhealthy'
  if (server.isEjected()) return 'ejected'
  if (server.share === 0) return 'resting'
  return server.isFull() ? 'full' : 'active'
}
