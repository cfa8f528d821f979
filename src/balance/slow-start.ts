const leastSlow = 0.1

/** How much of its share a server gets, 0.1 to 1, so long after it joined or came back. */
export function slowStartOf(joinedAt: number, now: number, slowStartMs: number): number {
  const since = now - joinedAt
  return since >= slowStartMs ? 1 : Math.max(leastSlow, since / slowStartMs)
}
