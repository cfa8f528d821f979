/** How long everything takes, and how sure it gets. */
export interface Pace {
  /** Before anything counts, so that a compiler that learns has learnt. Seconds. */
  warmUpSeconds: number
  rounds: number
  roundSeconds: number
  /** Connections of clients in the cases that ask for a maximum. */
  connections: number
  idleConnections: number
  /** Requests at given times, after a warm-up of two seconds. */
  openSeconds: number
  /** How long machines are watched after two have joined. */
  watchSeconds: number
  /** Entries of a large cache. */
  manyEntries: number
}

export const full: Pace = {
  warmUpSeconds: 8,
  rounds: 5,
  roundSeconds: 2,
  connections: 64,
  idleConnections: 5000,
  openSeconds: 8,
  watchSeconds: 16,
  manyEntries: 100_000,
}

/** For a first look. */
export const quick: Pace = {
  ...full,
  warmUpSeconds: 1,
  rounds: 2,
  roundSeconds: 1,
  idleConnections: 1000,
  openSeconds: 3,
  watchSeconds: 8,
  manyEntries: 10_000,
}
