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
