import type { SrvRecord } from 'node:dns'
import type { ServerSpec } from '../balance/server.ts'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { Backoff } from './backoff.ts'
import { type FaultLog, reasonOf } from './events.ts'
import { serverName } from './host.ts'
import {
  type Answer,
  HostName,
  isNoRecord,
  minTtlMs,
  type NameServices,
  openResolver,
  type RecordResolver,
  systemTtlMs,
} from './host-name.ts'
import type { Roster } from './roster.ts'
import { uniqueByName } from './servers.ts'
import type { Source } from './source.ts'

export interface DnsOptions {
  name: string
  /** Of the servers; SRV records bring their own. */
  port?: number
  /** @default 'srv' for a name that begins with an underscore, without a port; else 'a' or, where there is none, 'aaaa' */
  record?: 'a' | 'aaaa' | 'srv'
  /** @default 'http' */
  protocol?: 'http' | 'https'
}

export interface DnsDependencies extends NameServices {
  roster: Roster
  faults: FaultLog
  clock?: Clock
  random?: () => number
}

/**
 * The addresses of a name, asked for again when their TTL has passed. That there are no records is a list that is empty,
 * and held like one; no answer leaves the last list standing.
 */
export class DnsSource implements Source {
  readonly #options: DnsOptions
  readonly #roster: Roster
  readonly #faults: FaultLog
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #resolver: RecordResolver
  readonly #lookup: NameServices['lookup']
  readonly #family: 4 | 6 | undefined
  /** By name, for as long as each is a target. */
  #targets: ReadonlyMap<string, HostName> = new Map()
  #timer: Timer | undefined
  #closed = false

  constructor(options: DnsOptions, dependencies: DnsDependencies) {
    const { roster, faults, clock = systemClock, random = Math.random } = dependencies
    this.#options = options
    this.#roster = roster
    this.#faults = faults
    this.#clock = clock
    this.#backoff = new Backoff({ random })
    this.#resolver = dependencies.resolver ?? openResolver()
    this.#lookup = dependencies.lookup
    this.#family = options.record === 'a' ? 4 : options.record === 'aaaa' ? 6 : undefined
  }

  start(): void {
    void this.#query()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#clock.clearTimeout(this.#timer)
    this.#resolver.cancel()
    this.#roster.connected = false
  }

  async #query(): Promise<void> {
    let delay: number
    try {
      const { servers, ttlMs } = await this.#ask()
      if (this.#closed) return
      delay = servers.length === 0 ? this.#retryDelay() : ttlMs
      this.#roster.connected = true
      this.#faults.clear('query_failed')
      this.#roster.offer(uniqueByName(servers), delay)
      if (servers.length > 0) this.#backoff.reset()
    } catch (error) {
      if (this.#closed) return
      delay = this.#retryDelay()
      this.#roster.connected = false
      this.#roster.messages.failed++
      const { name } = this.#options
      this.#faults.report({
        kind: 'query_failed',
        name,
        reason: reasonOf(error),
        retryInMs: Math.round(delay),
      })
    }
    this.#timer = this.#clock.setTimeout(() => void this.#query(), delay)
  }

  #retryDelay(): number {
    return Math.max(minTtlMs, this.#backoff.next())
  }

  async #ask(): Promise<{ servers: ServerSpec[]; ttlMs: number }> {
    const { name, port, record } = this.#options
    const isService = record === 'srv' || (record === undefined && port === undefined && name.startsWith('_'))
    try {
      return isService ? await this.#askService(name) : await this.#askAddresses(name)
    } catch (error) {
      if (isNoRecord(error)) return { servers: [], ttlMs: minTtlMs }
      throw error
    }
  }

  async #askAddresses(name: string): Promise<{ servers: ServerSpec[]; ttlMs: number }> {
    const { port = this.#options.protocol === 'https' ? 443 : 80 } = this.#options
    this.#want([name])
    const { addresses, ttlMs } = await this.#targets.get(name)!.resolve()
    return { servers: addresses.map((address) => this.#server(name, address, port, 1)), ttlMs }
  }

  /** RFC 2782: the targets of the lowest priority, by weight. `.` as the target says that there is no such service. */
  async #askService(name: string): Promise<{ servers: ServerSpec[]; ttlMs: number }> {
    const all = await this.#resolver.resolveSrv(name)
    const priority = Math.min(...all.map((record) => record.priority))
    const records = all.filter(
      (record) => record.priority === priority && record.name !== '' && record.name !== '.',
    )
    this.#want(records.map((record) => record.name))
    const answers = await Promise.allSettled(
      records.map((record) => this.#targets.get(record.name)!.resolve()),
    )
    const servers: ServerSpec[] = []
    // Node gives no TTL with SRV records; those of the addresses stand for it.
    let ttlMs = systemTtlMs
    let failure: unknown
    for (const [index, outcome] of answers.entries()) {
      if (outcome.status === 'rejected') failure = outcome.reason
      else {
        ttlMs = Math.min(ttlMs, outcome.value.ttlMs)
        servers.push(...this.#serversOf(records[index]!, outcome.value))
      }
    }
    if (servers.length === 0 && failure !== undefined) throw failure
    return { servers, ttlMs }
  }

  /** A target's weight is shared by its addresses. Weight 0 means rarely, not never. */
  #serversOf({ name, port, weight }: SrvRecord, { addresses }: Answer): ServerSpec[] {
    const share = Math.max(weight, 0.1) / addresses.length
    return addresses.map((address) => this.#server(name, address, port, share))
  }

  #server(name: string, address: string, port: number, weight: number): ServerSpec {
    const protocol = `${this.#options.protocol ?? 'http'}:` as const
    return {
      name: serverName(address, port),
      protocol,
      host: address,
      port,
      weight,
      draining: false,
      servername: name,
    }
  }

  #want(names: string[]): void {
    const last = this.#targets
    const open = (name: string) =>
      last.get(name) ?? new HostName(name, this.#resolver, this.#lookup, this.#family)
    this.#targets = new Map(names.map((name) => [name, open(name)]))
  }
}
