import type { Clock, Timer } from '../clock.ts'
import type { FaultLog } from './events.ts'
import type { Servers } from './servers.ts'

const reportEveryMs = 1_000
const maxNames = 10

/** Tells who came, left and began to drain: at once, and at most once a second however often lists change. */
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
    if (this.#timer === undefined) this.#tell()
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #tell(): void {
    this.#timer = undefined
    const told = this.#told
    const now = this.#now
    const added: string[] = []
    const draining: string[] = []
    const removed: string[] = []
    let changes = 0
    const note = (names: string[], name: string) => {
      changes++
      if (names.length < maxNames) names.push(name)
    }
    for (const [name, server] of now) {
      const before = told.get(name)
      if (before === undefined) note(added, name)
      if (server.draining && before?.draining !== true) note(draining, name)
      else if (!server.draining && before?.draining === true) changes++
    }
    for (const name of told.keys()) if (!now.has(name)) note(removed, name)
    if (changes === 0) return
    this.#told = now
    this.#log.tell({ kind: 'servers_changed', servers: now.size, added, removed, draining })
    this.#timer = this.#clock.setTimeout(() => this.#tell(), reportEveryMs)
  }
}
