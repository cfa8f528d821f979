import type { Socket } from 'node:net'
import { plainAddress } from './trust.ts'

/** Counts the connections of each address, and closes those above a limit. */
export class AddressLimit {
  readonly #limit: () => number
  readonly #counts = new Map<string, number>()

  /** @param limit read at each connection; 0 = none */
  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** False for a connection that is one too many; it is closed. */
  admit(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress)
    const count = (this.#counts.get(address) ?? 0) + 1
    const limit = this.#limit()
    if (limit > 0 && count > limit) {
      socket.destroy()
      return false
    }
    this.#counts.set(address, count)
    socket.once('close', () => {
      const left = (this.#counts.get(address) ?? 1) - 1
      if (left === 0) this.#counts.delete(address)
      else this.#counts.set(address, left)
    })
    return true
  }
}
