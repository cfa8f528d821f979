import type { ServerSpec } from '../balance/server.ts'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import type { ListFault } from './agent-protocol.ts'
import { FaultLog } from './events.ts'
import { Membership } from './membership.ts'
import { isEqual, type Servers, uniqueByName } from './servers.ts'
import type { SourceListener } from './source.ts'

export interface RosterOptions {
  /** Milliseconds that an empty list, or one that `maxRemoval` stops, must stand before it is believed. 0 = at once. @default 30000 */
  emptyHold?: number
  /** The share of the servers that one list may drop without being held. @default 1, any */
  maxRemoval?: number
  /** Milliseconds without a list after which the state is `stale`. @default 10000 */
  staleAfter?: number
  /** Milliseconds without a list after which the state is `lost`. @default 60000 */
  lostAfter?: number
  /** A list that never changes: its state is always `static`. @default false */
  fixed?: boolean
}

/**
 * `waiting` before the first list, `fresh`, `stale` without a list for a while, `lost` while disconnected or without one
 * for long, `static` for a fixed list. Servers that are known serve in every state.
 */
export type DiscoveryState = 'waiting' | 'fresh' | 'stale' | 'lost' | 'static'

/** What became of a message. `failed`: there was none to read (a query or a file that failed). */
export type MessageResult = 'accepted' | 'unchanged' | 'held' | 'failed' | ListFault

/** Told of each list that a source's message made believed or confirmed. */
export type OnBelieved = (servers: readonly ServerSpec[], heardAt: number) => void

interface Hold {
  why: 'empty' | 'removal'
  /** The last list that was held. */
  list: Servers
  /** When the last list that says so came. */
  heardAt: number
  timer: Timer
}

/**
 * The last good list, and how good it still is.
 *
 * A list that is held takes nothing away until it has stood: what it says of the servers that it names, SUNDOWN above
 * all, holds at once, and the servers that it leaves out stay as they were. Losing the source ends a hold without
 * belief, so an agent that restarts, sends `[]` and leaves again costs no server.
 */
export class Roster {
  /** Messages by what became of them, since the start. */
  readonly messages: Record<MessageResult, number> = {
    accepted: 0,
    unchanged: 0,
    held: 0,
    failed: 0,
    binary: 0,
    too_large: 0,
    not_json: 0,
    not_list: 0,
    too_many: 0,
    no_valid_item: 0,
  }
  /** Items that were skipped in lists that were used. */
  skippedItems = 0

  readonly #options: Required<RosterOptions>
  readonly #listener: SourceListener
  readonly #clock: Clock
  readonly #faults: FaultLog
  readonly #membership: Membership
  readonly #onBelieved: OnBelieved
  /** The last list that was believed; undefined before the first. */
  #believed: Servers | undefined
  /** What serves: the believed list, and during a hold what the held one adds. */
  #serving: Servers = new Map()
  #servers: readonly ServerSpec[] = Object.freeze([])
  #hold: Hold | undefined
  #heardAt = 0
  #validForMs = 0
  #connected = false

  constructor(
    options: RosterOptions,
    listener: SourceListener,
    {
      clock = systemClock,
      faults = new FaultLog(listener.onEvent, clock),
      onBelieved = () => {},
    }: { clock?: Clock; faults?: FaultLog; onBelieved?: OnBelieved } = {},
  ) {
    const {
      emptyHold = 30_000,
      maxRemoval = 1,
      staleAfter = 10_000,
      lostAfter = 60_000,
      fixed = false,
    } = options
    this.#options = { emptyHold, maxRemoval, staleAfter, lostAfter, fixed }
    this.#listener = listener
    this.#clock = clock
    this.#faults = faults
    this.#membership = new Membership(faults, clock)
    this.#onBelieved = onBelieved
  }

  /** What serves now. */
  get servers(): readonly ServerSpec[] {
    return this.#servers
  }

  get state(): DiscoveryState {
    if (this.#options.fixed) return 'static'
    if (this.#believed === undefined) return 'waiting'
    const overdue = this.ageMs! - this.#validForMs
    if (!this.#connected || overdue >= this.#options.lostAfter) return 'lost'
    return overdue >= this.#options.staleAfter ? 'stale' : 'fresh'
  }

  /** Milliseconds since a list last said what is believed; undefined before the first, 0 for a fixed list. */
  get ageMs(): number | undefined {
    if (this.#believed === undefined) return undefined
    return this.#options.fixed ? 0 : this.#clock.now() - this.#heardAt
  }

  /** Whether the source can be reached now. */
  get connected(): boolean {
    return this.#connected
  }

  set connected(connected: boolean) {
    this.#connected = connected
    if (!connected) this.#endHold()
  }

  /** A list has come. `validForMs`: the source says that no other list is to be expected for so long. */
  offer(servers: Servers, validForMs = 0): 'accepted' | 'unchanged' | 'held' {
    this.#validForMs = validForMs
    const result = this.#take(servers)
    this.messages[result]++
    return result
  }

  /** A list from an earlier life of the process. */
  restore(list: readonly ServerSpec[], ageMs: number): void {
    this.#heardAt = this.#clock.now() - ageMs
    this.#believed = uniqueByName(list)
    this.#serve(this.#believed)
  }

  /** Stops its timers. What serves stays readable. */
  close(): void {
    this.#endHold()
    this.#membership.close()
  }

  #take(servers: Servers): 'accepted' | 'unchanged' | 'held' {
    const why = this.#reasonToHold(servers)
    if (why !== undefined) {
      this.#holdBack(servers, why)
      return 'held'
    }
    this.#endHold()
    this.#faults.clear('list_held')
    return this.#believe(servers, this.#clock.now()) ? 'accepted' : 'unchanged'
  }

  #reasonToHold(servers: Servers): 'empty' | 'removal' | undefined {
    const { emptyHold, maxRemoval } = this.#options
    const believed = this.#believed
    if (emptyHold === 0) return undefined
    if (servers.size === 0) return believed?.size === 0 ? undefined : 'empty'
    if (believed === undefined || maxRemoval >= 1) return undefined
    let removed = 0
    for (const name of believed.keys()) if (!servers.has(name)) removed++
    return removed > maxRemoval * believed.size ? 'removal' : undefined
  }

  #holdBack(list: Servers, why: 'empty' | 'removal'): void {
    const heardAt = this.#clock.now()
    const holdMs = this.#options.emptyHold
    if (this.#hold !== undefined && !this.#goesOn(this.#hold, list, why)) this.#endHold()
    const timer = this.#hold?.timer ?? this.#clock.setTimeout(() => this.#holdIsOver(), holdMs)
    this.#hold = { why, list, heardAt, timer }
    this.#faults.report({ kind: 'list_held', why, servers: list.size, holdMs })
    this.#serve(new Map([...(this.#believed ?? []), ...list]))
  }

  /** A list that takes away what the one before it left must stand for a time of its own. */
  #goesOn(hold: Hold, list: Servers, why: 'empty' | 'removal'): boolean {
    if (hold.why !== why) return false
    for (const name of hold.list.keys()) if (this.#believed?.has(name) && !list.has(name)) return false
    return true
  }

  #holdIsOver(): void {
    const { list, heardAt } = this.#hold!
    this.#hold = undefined
    this.#faults.clear('list_held')
    this.#believe(list, heardAt)
  }

  #endHold(): void {
    this.#clock.clearTimeout(this.#hold?.timer)
    this.#hold = undefined
  }

  #believe(servers: Servers, heardAt: number): boolean {
    const first = this.#believed === undefined
    this.#believed = servers
    this.#heardAt = heardAt
    const changed = this.#serve(servers) || first
    this.#onBelieved(this.#servers, heardAt)
    return changed
  }

  #serve(servers: Servers): boolean {
    if (isEqual(this.#serving, servers)) return false
    this.#serving = servers
    this.#servers = Object.freeze([...servers.values()])
    this.#membership.changed(servers)
    this.#listener.onServers(this.#servers)
    return true
  }
}
