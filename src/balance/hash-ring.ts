import { hashText, mixBits } from './key-hash.ts'
import type { Server } from './server.ts'

const probes = 21
const circle = 2 ** 32
const step = 0x9e3779b9
const restless = 1.25

/** What a key finds on the ring, nearest first. Valid until the next look-up. */
export interface Nearest<Pool> {
  /** The next server, or `undefined` after the last. One may come several times. */
  next(): Server<Pool> | undefined
}

/**
 * Servers on a circle, each at one point by its name; a key looks from 21 points and takes the server that is nearest
 * to one of them, distances being divided by the servers' shares (multi-probe consistent hashing, Appleton and
 * O'Reilly, 2015).
 *
 * A server that leaves changes nothing between the others, so only its own keys move. Every gateway that knows the
 * same names has the same ring. A look-up does not depend on the number of servers: points are found through
 * an index of as many buckets as there are points.
 */
export class HashRing<Pool> implements Nearest<Pool> {
  #servers: Server<Pool>[] = []
  #points = new Uint32Array(0)
  #shares = new Float64Array(0)
  /** By bucket: the first point at or after its beginning. */
  #index = new Int32Array(1)
  #shift = 32
  readonly #places = new Int32Array(probes)
  readonly #distances = new Float64Array(probes)

  place(servers: readonly Server<Pool>[]): void {
    const count = servers.length
    for (const server of this.#servers) server.ringPlace = -1
    // A point and the index of its server in one number, so that a plain sort of numbers does.
    const keys = Float64Array.from(servers, (server, index) => hashText(server.name) * 2 ** 21 + index).sort()
    this.#points = new Uint32Array(count)
    this.#shares = new Float64Array(count)
    this.#servers = new Array(count)
    for (let place = 0; place < count; place++) {
      const key = keys[place]!
      const server = servers[key % 2 ** 21]!
      server.ringPlace = place
      this.#points[place] = Math.floor(key / 2 ** 21)
      this.#shares[place] = server.ringShare
      this.#servers[place] = server
    }
    this.#indexPoints()
  }

  /** A share that changes little changes nothing: with it keys would move. */
  reweigh(server: Server<Pool>, share: number): void {
    const last = server.ringShare
    if (share > 0 && last > 0 && share < last * restless && share > last / restless) return
    server.ringShare = share
    if (server.ringPlace >= 0) this.#shares[server.ringPlace] = share
  }

  /** Who comes into question for a key. */
  lookUp(key: string): Nearest<Pool> {
    const hash = hashText(key)
    for (let probe = 0; probe < probes; probe++) {
      const point = mixBits(hash + Math.imul(probe, step))
      const place = this.#after(point)
      const share = this.#shares[place]!
      const distance = this.#points[place]! - point
      this.#places[probe] = place
      this.#distances[probe] =
        share > 0 ? (distance < 0 ? distance + circle : distance) / share : Number.POSITIVE_INFINITY
    }
    return this
  }

  next(): Server<Pool> | undefined {
    let nearest = -1
    let least = Number.POSITIVE_INFINITY
    for (let probe = 0; probe < probes; probe++) {
      if (this.#distances[probe]! >= least) continue
      nearest = probe
      least = this.#distances[probe]!
    }
    if (nearest === -1) return undefined
    this.#distances[nearest] = Number.POSITIVE_INFINITY
    return this.#servers[this.#places[nearest]!]
  }

  /** The place of the first point at or after this one. */
  #after(point: number): number {
    const points = this.#points
    let place = this.#index[this.#shift === 32 ? 0 : point >>> this.#shift]!
    while (place < points.length && points[place]! < point) place++
    return place === points.length ? 0 : place
  }

  #indexPoints(): void {
    const count = this.#points.length
    const bits = count <= 1 ? 0 : Math.ceil(Math.log2(count))
    this.#shift = 32 - bits
    this.#index = new Int32Array(2 ** bits)
    let place = 0
    for (let bucket = 0; bucket < this.#index.length; bucket++) {
      const start = bucket * 2 ** this.#shift
      while (place < count && this.#points[place]! < start) place++
      this.#index[bucket] = place
    }
  }
}
