import type { Algorithm } from './algorithm.ts'
import type { Candidates } from './candidates.ts'
import { HashRing } from './hash-ring.ts'
import { LeastRequest } from './least-request.ts'
import type { ReserveContext } from './reservation.ts'
import type { Server } from './server.ts'

const overload = 1.25
const fewRequests = 4

/**
 * The same server for the same key, as long as that server is not overloaded.
 *
 * The loads are bounded: no server gets more than 1.25 times its part of what is in flight (Mirrokni, Thorup and
 * Zadimoghaddam, 'Consistent hashing with bounded loads'), so that one hot key cannot drown a server; a key that
 * finds its server at the bound goes on to its next. Four requests at once are no load. A request without a key
 * goes where there is least to do. Gateways that know the same servers agree without speaking to each other, except
 * where a bound is reached: each bounds its own load.
 */
export class Hash<Pool> implements Algorithm<Pool> {
  readonly name = 'hash'
  readonly smoothsScores = true
  readonly #ring = new HashRing<Pool>()
  readonly #leastRequest: LeastRequest<Pool>

  constructor(random: () => number) {
    this.#leastRequest = new LeastRequest(random)
  }

  apply(servers: readonly Server<Pool>[]): void {
    this.#ring.place(servers)
  }

  shareOf(server: Server<Pool>): number {
    const share = server.weight * server.slow
    this.#ring.reweigh(server, share)
    return share
  }

  pick(candidates: Candidates<Pool>, { hashKey }: ReserveContext, inFlight: number): Server<Pool> {
    if (hashKey === undefined) return this.#leastRequest.pick(candidates)
    const bound = (overload * (inFlight + 1)) / candidates.total
    const nearest = this.#ring.lookUp(hashKey)
    for (let server = nearest.next(); server !== undefined; server = nearest.next()) {
      if (server.place >= 0 && server.inFlight < Math.max(fewRequests, bound * server.share)) return server
    }
    return this.#leastRequest.pick(candidates)
  }
}
