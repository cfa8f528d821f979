import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../../clock.ts'

/** Of the name, the cipher and the MAC, together (RFC 5077, section 4). */
const bytes = 48
/** Forward secrecy of resumed sessions ends with the keys: they live this long, ms. */
const lifeMs = 12 * 60 * 60 * 1000

/** The keys that session tickets are sealed with. Whoever has the same keys resumes the sessions of the others. */
export class TicketKeys {
  readonly #followers = new Set<(keys: Buffer) => void>()
  #current: Buffer

  constructor(keys: Buffer = randomBytes(bytes)) {
    this.#current = keys
  }

  get current(): Buffer {
    return this.#current
  }

  /** Sessions that were sealed with those before begin anew, at the price of a whole handshake. */
  replace(keys: Buffer = randomBytes(bytes)): void {
    this.#current = keys
    for (const use of this.#followers) use(keys)
  }

  /** Calls back with other keys, until what it returns is called. */
  follow(use: (keys: Buffer) => void): () => void {
    this.#followers.add(use)
    return () => this.#followers.delete(use)
  }
}

/** Replaces keys whenever they have lived for long enough, until what it returns is called. */
export function renewTicketKeys(keys: TicketKeys, clock: Clock): () => void {
  let timer: Timer
  const wait = () => {
    timer = clock.setTimeout(() => {
      keys.replace()
      wait()
    }, lifeMs)
  }
  wait()
  return () => clock.clearTimeout(timer)
}
