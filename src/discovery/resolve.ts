import type { ServerSpec } from '../balance/server.ts'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { Backoff } from './backoff.ts'
import { type FaultLog, reasonOf } from './events.ts'
import { Gate } from './gate.ts'
import { serverName } from './host.ts'
import { HostName, maxTtlMs, type NameServices, openResolver, type RecordResolver } from './host-name.ts'
import type { SourceListener } from './source.ts'

export interface ResolutionDependencies extends NameServices {
  faults: FaultLog
  clock?: Clock
  random?: () => number
}

/** A name of the list, and what it stands for. */
interface Entry {
  name: HostName
  backoff: Backoff
  /** Undefined until the name has been resolved once. */
  addresses?: readonly string[]
  timer?: Timer
}

/** Names that are asked about at once. */
const maxQueries = 16
/** Answers that come within this time are one new list. */
const settleMs = 20

/**
 * Between the roster and its listener: a server whose name has several addresses becomes one server for each, which takes
 * over the weight and is labelled `address:port`. A server with a single address, and one whose name was never resolved,
 * keeps its name. Addresses that cannot be had again stay. What needs no question passes through at once.
 */
export class Resolution {
  readonly #listener: Pick<SourceListener, 'onServers'>
  readonly #faults: FaultLog
  readonly #clock: Clock
  readonly #random: () => number
  readonly #services: NameServices
  readonly #gate = new Gate(maxQueries)
  readonly #entries = new Map<string, Entry>()
  /** Opened with the first name that needs it. */
  #resolver: RecordResolver | undefined
  #servers: readonly ServerSpec[] = []
  #timer: Timer | undefined
  #closed = false

  constructor(listener: Pick<SourceListener, 'onServers'>, dependencies: ResolutionDependencies) {
    const { faults, clock = systemClock, random = Math.random } = dependencies
    this.#listener = listener
    this.#faults = faults
    this.#clock = clock
    this.#random = random
    this.#services = dependencies
  }

  apply(servers: readonly ServerSpec[]): void {
    this.#servers = servers
    const names = new Set<string>()
    for (const { host } of servers) if (needsResolution(host)) names.add(host)
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#drop(name)
    for (const name of names) if (!this.#entries.has(name)) this.#add(name)
    this.#emit()
  }

  close(): void {
    this.#closed = true
    this.#clock.clearTimeout(this.#timer)
    for (const name of this.#entries.keys()) this.#drop(name)
    this.#resolver?.cancel()
  }

  #add(name: string): void {
    this.#resolver ??= this.#services.resolver ?? openResolver()
    const entry: Entry = {
      name: new HostName(name, this.#resolver, this.#services.lookup),
      backoff: new Backoff({ last: maxTtlMs / 10, random: this.#random }),
    }
    this.#entries.set(name, entry)
    void this.#resolve(entry)
  }

  #drop(name: string): void {
    this.#clock.clearTimeout(this.#entries.get(name)?.timer)
    this.#entries.delete(name)
    this.#faults.forget(`name_unresolved ${name}`)
  }

  async #resolve(entry: Entry): Promise<void> {
    const { name } = entry.name
    const isWanted = () => this.#entries.get(name) === entry
    let delay: number
    try {
      const answer = await this.#gate.run(async () => (isWanted() ? await entry.name.resolve() : undefined))
      if (answer === undefined || !isWanted()) return
      delay = answer.ttlMs
      entry.backoff.reset()
      this.#faults.clear(`name_unresolved ${name}`)
      this.#learn(entry, answer.addresses)
    } catch (error) {
      if (!isWanted()) return
      delay = 1_000 + entry.backoff.next()
      this.#faults.report(
        { kind: 'name_unresolved', name, reason: reasonOf(error) },
        `name_unresolved ${name}`,
      )
    }
    entry.timer = this.#clock.setTimeout(() => void this.#resolve(entry), delay)
  }

  #learn(entry: Entry, addresses: readonly string[]): void {
    const last = entry.addresses
    entry.addresses = addresses
    const wasOne = last === undefined || last.length === 1
    const isSame = wasOne ? addresses.length === 1 : last.join() === addresses.join()
    if (isSame || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#emit()
    }, settleMs)
  }

  #emit(): void {
    if (this.#closed) return
    this.#listener.onServers(this.#entries.size === 0 ? this.#servers : this.#expanded())
  }

  #expanded(): readonly ServerSpec[] {
    const byName = new Map<string, ServerSpec>()
    for (const server of this.#servers) {
      for (const one of this.#expand(server)) {
        // What the list names itself is better known than what a name happens to stand for.
        if (one === server || !byName.has(one.name)) byName.set(one.name, one)
      }
    }
    return Object.freeze([...byName.values()])
  }

  #expand(server: ServerSpec): readonly ServerSpec[] {
    const addresses = this.#entries.get(server.host)?.addresses
    if (addresses === undefined || addresses.length < 2) return [server]
    const { host, port, servername = host } = server
    return addresses.map((address) =>
      Object.freeze({ ...server, name: serverName(address, port), host: address, servername }),
    )
  }
}

/** What is written with digits and dots alone, or with a colon: no normalized name is. */
const address = /^[\d.]+$|:/

/** Addresses need no question, and `localhost` never leaves the machine (RFC 6761, section 6.3). */
function needsResolution(host: string): boolean {
  return !address.test(host) && host !== 'localhost' && !host.endsWith('.localhost')
}
