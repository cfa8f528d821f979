import type { Algorithm, Medians } from './algorithm.ts'
import type { Candidates } from './candidates.ts'
import type { ReserveContext } from './reservation.ts'
import type { Server } from './server.ts'
import { Turns } from './turns.ts'

const fewServers = 16

const leastHealth = 0.02
const healthPower = 8
const kappaLimit = 4
const kappaPower = 0.02
const kappaStepMs = 100
const kappaFadeMs = 20_000
const slowBand = 1.5
const greatestSlowness = 16

/**
 * By load, weight, latency and success together: the lowest cost wins.
 *
 * `cost = (inFlight + turn) / share`, `share = weight * kappa * slow * health / L`
 *
 * - `kappa` corrects a wrong score, slowly, by latency against the median.
 * - `slow` is the slow start.
 * - `health` falls with the eighth power of the success rate against the median.
 * - `L` is how much slower than the median a server is: at least 1, since a server that fails fast must not look fast.
 * - `turn`, 0 to 1, is what is left until the server's turn in a smooth weighted round-robin. Without load, requests so
 *   follow the shares; a plain `inFlight + 1` would send everything to the greatest of them.
 *
 * Of up to 16 servers all are compared. Of more, one drawn by share is taken if it is idle; else it is compared with
 * another one drawn by share and two drawn uniformly, since by share alone a server whose share is wrong would never be
 * seen. Gateways, which see only their own requests, start their turns at random and so do not move in step.
 */
export class Adaptive<Pool> implements Algorithm<Pool> {
  readonly name = 'adaptive'
  readonly smoothsScores = true
  readonly #random: () => number
  readonly #turns: Turns<Pool>

  constructor(random: () => number) {
    this.#random = random
    this.#turns = new Turns(random)
  }

  admit(server: Server<Pool>): void {
    this.#turns.admit(server)
  }

  pick(candidates: Candidates<Pool>, _context: ReserveContext): Server<Pool> {
    const { list } = candidates
    if (list.length > fewServers) return this.#leastDrawn(candidates)
    const server = this.#leastOf(list)
    this.#turns.take(server, candidates.total)
    return server
  }

  shareOf(server: Server<Pool>, medians: Medians, elapsedMs: number): number {
    const slowness = slownessOf(server, medians)
    learnKappa(server, slowness, elapsedMs)
    const penalty = Math.min(Math.max(slowness / slowBand, 1), greatestSlowness)
    return (server.weight * server.kappa * server.slow * healthOf(server, medians)) / penalty
  }

  #leastOf(list: readonly Server<Pool>[]): Server<Pool> {
    let least = list[0]!
    let leastCost = this.#cost(least)
    for (let index = 1; index < list.length; index++) {
      const server = list[index]!
      const cost = this.#cost(server)
      if (cost >= leastCost) continue
      least = server
      leastCost = cost
    }
    return least
  }

  #leastDrawn(candidates: Candidates<Pool>): Server<Pool> {
    let least = candidates.drawByShare(this.#random)
    if (least.inFlight === 0) return least
    let leastCost = (least.inFlight + 1) / least.share
    for (let draw = 1; draw < 4; draw++) {
      const server =
        draw === 1 ? candidates.drawByShare(this.#random) : candidates.drawUniformly(this.#random)
      const cost = (server.inFlight + 1) / server.share
      if (cost >= leastCost) continue
      least = server
      leastCost = cost
    }
    return least
  }

  #cost(server: Server<Pool>): number {
    return (server.inFlight + Math.min(1, this.#turns.left(server) * server.share)) / server.share
  }
}

/** Latency against the median; 1 while nothing is known. */
function slownessOf(server: Server, medians: Medians): number {
  return server.latency > 0 && medians.latency > 0 ? server.latency / medians.latency : 1
}

/** 0.02 to 1. */
function healthOf(server: Server, medians: Medians): number {
  const ratio = server.successRate / Math.max(medians.successRate, 0.01)
  return Math.min(Math.max(ratio ** healthPower, leastHealth), 1)
}

function learnKappa(server: Server, slowness: number, elapsedMs: number): void {
  if (slowness > slowBand || slowness < 1 / slowBand) {
    const kappa = server.kappa * slowness ** ((-kappaPower * elapsedMs) / kappaStepMs)
    server.kappa = Math.min(Math.max(kappa, 1 / kappaLimit), kappaLimit)
  } else {
    server.kappa **= Math.exp(-elapsedMs / kappaFadeMs)
  }
}
