import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** The raw connection of a request that asks for another protocol. */
export interface Upgrade {
  socket: Socket
  /** What the client sent behind the head of its request. */
  head: Buffer
}

const offers = new WeakMap<IncomingMessage, Upgrade>()

/** Notes that a request wants its connection upgraded, for the handler that can do it. */
export function offerUpgrade(request: IncomingMessage, upgrade: Upgrade): void {
  offers.set(request, upgrade)
}

/** The connection to upgrade, or undefined for an ordinary request. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return offers.get(request)
}
