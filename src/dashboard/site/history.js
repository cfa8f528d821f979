/** How far back the history reaches. */
const keptMs = 60_000
/** What is shown as a rate is a mean over so long. */
const rateMs = 10_000

/** The snapshots of the last minute, and how fast their counters grow. */
export class History {
  #snapshots = []

  /** Returns false where the gateway has begun anew, and its counters with it. */
  add(snapshot) {
    const last = this.#snapshots.at(-1)
    const isAnother = last !== undefined && snapshot.uptimeSeconds < last.uptimeSeconds
    if (isAnother) this.#snapshots = []
    this.#snapshots.push(snapshot)
    while (this.#snapshots[0].takenAt < snapshot.takenAt - keptMs) this.#snapshots.shift()
    return !isAnother
  }

  /** What a counter has grown by, within the last ten seconds or as long as is said. */
  growth(read, withinMs = rateMs) {
    const last = this.#snapshots.at(-1)
    return Math.max(0, (read(last) ?? 0) - (read(this.#first(withinMs)) ?? 0))
  }

  /** A counter's growth in one second. */
  rate(read) {
    const seconds = (this.#snapshots.at(-1).takenAt - this.#first(rateMs).takenAt) / 1000
    return seconds > 0 ? this.growth(read) / seconds : 0
  }

  #first(withinMs) {
    const from = this.#snapshots.at(-1).takenAt - withinMs
    return this.#snapshots.find(({ takenAt }) => takenAt >= from)
  }
}

export function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** What was really sent to a server. */
export function sent(server) {
  return server === undefined ? 0 : sum(server.outcomes) - (server.outcomes.unused ?? 0)
}
