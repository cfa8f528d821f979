import type { Clock, Timer } from '../clock.ts'
import type { FaultLog } from './events.ts'
import type { Servers } from './servers.ts'

const reportEveryMs = 1_000
const maxNames = 10

/**
 * Tells who came, left and began to drain, at most once a second however often lists change. To compare long lists takes a
 * turn of the event loop, which is none of those that the list needs to come into use.
 */
export class Membership {
  readonly #log: FaultLog
  readonly #clock: Clock
  /** As they were last told. */
  #told: Servers = new Map()
  #now: Servers = new Map()
  #timer: Timer | undefined

  constructor(log: FaultLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  changed(servers: Servers): void {
    this.#now = servers
    this.#timer ??= this.#clock.setTimeout(this.#tell, 0)
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  readonly #tell = (): void => {
    this.#timer = undefined
    const told = this.#told
    const now = this.#now
    const added: string[] = []
    const draining: string[] = []
    const removed: string[] = []
    let hasReturned = false
    for (const [name, server] of now) {
      if (added.length >= maxNames && !server.draining) continue
      const before = told.get(name)
      if (before === undefined && added.length < maxNames) added.push(name)
      if (server.draining && before?.draining !== true && draining.length < maxNames) draining.push(name)
      if (!server.draining && before?.draining === true) hasReturned = true
    }
    for (const name of told.keys()) {
      if (removed.length >= maxNames) break
      if (!now.has(name)) removed.push(name)
    }
    if (added.length + removed.length + draining.length === 0 && !hasReturned) return
    this.#told = now
    this.#log.tell({ kind: 'servers_changed', servers: now.size, added, removed, draining })
    this.#timer = this.#clock.setTimeout(this.#tell, reportEveryMs)
  }
}
