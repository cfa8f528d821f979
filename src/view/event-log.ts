import type { GatewayEvent } from './event-feed.ts'

/** An event in the log, numbered in the order in which it came. */
export interface LoggedEvent extends GatewayEvent {
  id: number
  /** How many processes have told it. */
  count: number
}

/** Several workers see the same within so many milliseconds. */
const sameWithinMs = 2_000

/** The last events. What several workers tell of the same thing is one event. */
export class EventLog {
  readonly #capacity: number
  readonly #events: LoggedEvent[] = []
  #lastId = 0

  constructor(capacity = 200) {
    this.#capacity = capacity
  }

  /** Returns the event as it was logged; undefined where it is one that is known. */
  add(event: GatewayEvent): LoggedEvent | undefined {
    const known = this.#events.findLast((one) => isSame(one, event))
    if (known !== undefined) {
      known.count++
      return undefined
    }
    const logged = { ...event, id: ++this.#lastId, count: 1 }
    this.#events.push(logged)
    if (this.#events.length > this.#capacity) this.#events.shift()
    return logged
  }

  /** Those that came after the event of this number, the oldest first. */
  after(id: number): LoggedEvent[] {
    return this.#events.filter((event) => event.id > id)
  }
}

/** What workers tell of a server is the same, whichever of them tells it; what happens to a worker itself is its own. */
function isSame(one: GatewayEvent, other: GatewayEvent): boolean {
  return (
    one.kind === other.kind &&
    one.upstream === other.upstream &&
    one.server === other.server &&
    one.detail === other.detail &&
    (one.worker === other.worker || !one.kind.startsWith('worker_')) &&
    Math.abs(other.at - one.at) < sameWithinMs
  )
}
