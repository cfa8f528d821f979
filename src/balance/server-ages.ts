import type { Server } from './server.ts'

/** Ages of servers that are told apart, in seconds. */
export const serverAges: readonly number[] = [10, 60, 300, 900, 3600, 86_400]

const agesMs = serverAges.map((seconds) => seconds * 1000)

/** The index of the first of the ages that a server has not reached; their number, where it has reached all. */
export function ageClassOf({ joinedAt }: Server, now: number): number {
  const age = now - joinedAt
  let index = agesMs.length
  while (index > 0 && age < agesMs[index - 1]!) index--
  return index
}

/**
 * How many requests went to servers of which age: the time since a server joined the list, or came back to it. Those
 * of the first list of all are of no known age, and count as old.
 */
export class RequestsByAge {
  /** One count for each class of ages. */
  readonly #counts: number[] = new Array(agesMs.length + 1).fill(0)

  /** A request goes to this server. */
  count({ ageClass }: Server): void {
    this.#counts[ageClass]!++
  }

  /** Requests that went to servers younger than each of the ages, which are in seconds. */
  *[Symbol.iterator](): Generator<[age: number, requests: number]> {
    let requests = 0
    for (const [index, age] of serverAges.entries()) {
      requests += this.#counts[index]!
      yield [age, requests]
    }
  }
}
