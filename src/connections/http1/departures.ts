/** Something that waits for its turn to be written. */
export interface Departure {
  depart(): void
}

let waiting: Departure[] = []

/**
 * Calls `depart` in this turn of the event loop, after whatever had arrived by now on any socket has been read. So a
 * connection on which the server has just said or ended something is found out before a request is written to it.
 */
export function departAfterReading(departure: Departure): void {
  if (waiting.push(departure) === 1) setImmediate(departAll)
}

function departAll(): void {
  const departing = waiting
  waiting = []
  for (const departure of departing) departure.depart()
}
