import type { ServerSpec } from '../balance/server.ts'
import type { Clock, Timer } from '../clock.ts'
import type { FaultLog } from './events.ts'

const reportEveryMs = 1_000
const maxNames = 10

/** Tells who came, left and began to drain: at once, and at most once a second however often lists change. */
export class Membership {
  readonly #log: FaultLog
  readonly #clock: Clock
  /** Name -> draining, as it was last told. */
  #told: ReadonlyMap<string, boolean> = new Map()
  #now: ReadonlyMap<string, boolean> = new Map()
  #timer: Timer | undefined

  constructor(log: FaultLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  changed(servers: readonly ServerSpec[]): void {
    this.#now = new Map(servers.map(({ name, draining }) => [name, draining]))
    if (this.#timer === undefined) this.#tell()
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #tell(): void {
    this.#timer = undefined
    const told = this.#told
    const now = this.#now
    const added = [...now.keys()].filter((name) => !told.has(name))
    const removed = [...told.keys()].filter((name) => !now.has(name))
    const draining = [...now.keys()].filter((name) => now.get(name) && told.get(name) !== true)
    const returned = [...now.keys()].some((name) => !now.get(name) && told.get(name) === true)
    if (added.length + removed.length + draining.length === 0 && !returned) return
    this.#told = now
    this.#log.tell({
      kind: 'servers_changed',
      servers: now.size,
      added: added.slice(0, maxNames),
      removed: removed.slice(0, maxNames),
      draining: draining.slice(0, maxNames),
    })
    this.#timer = this.#clock.setTimeout(() => this.#tell(), reportEveryMs)
  }
}
