import type { Socket } from 'node:net'

const endsAt = Symbol('headgate.endsAt')

declare module 'node:net' {
  interface Socket {
    [endsAt]?: number
  }
}

/** How far the age of one connection may lie from that of all, so that those born together do not end together. */
const jitter = 0.2

/**
 * How long a new connection may live, ms.
 *
 * @param maxAge 0 = for ever
 */
export function drawAge(maxAge: number, random: () => number = Math.random): number {
  return maxAge === 0 ? Number.POSITIVE_INFINITY : maxAge * (1 - jitter + 2 * jitter * random())
}

/** Gives a connection its age. */
export function limitAge(socket: Socket, maxAge: number): void {
  if (maxAge > 0) socket[endsAt] = performance.now() + drawAge(maxAge)
}

/** True for a connection that has had its time. */
export function isTooOld(socket: Socket): boolean {
  const end = socket[endsAt]
  return end !== undefined && performance.now() >= end
}
