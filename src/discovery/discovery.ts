import type { ServerSpec } from '../balance/server.ts'
import { type Clock, systemClock } from '../clock.ts'
import { HeadgateError } from '../errors.ts'
import { AgentClient, type AgentOptions } from './agent-client.ts'
import { type DnsOptions, DnsSource } from './dns.ts'
import { FaultLog, reasonOf } from './events.ts'
import { type FileOptions, FileSource } from './file.ts'
import type { NameServices } from './host-name.ts'
import { Resolution } from './resolve.ts'
import { Roster, type RosterOptions } from './roster.ts'
import { SavedList } from './saved-list.ts'
import { parseEntry, type ServerEntry } from './servers-file.ts'
import type { Source, SourceListener } from './source.ts'
import { staticSource } from './static.ts'

/** Where the servers of one upstream come from, and what is believed of it. Durations are in milliseconds. */
export type DiscoveryOptions =
  | ({ kind: 'agent' } & AgentOptions & BeliefOptions)
  | ({ kind: 'dns' } & DnsOptions & BeliefOptions)
  | ({ kind: 'file' } & FileOptions & BeliefOptions)
  | { kind: 'static'; servers: readonly ServerEntry[] }

export interface BeliefOptions extends Omit<RosterOptions, 'fixed'> {
  /** A file that keeps the last list over a restart. @default none */
  persist?: string
}

export interface DiscoveryDependencies extends NameServices {
  clock?: Clock
  random?: () => number
}

/**
 * The servers of one upstream, from their source to the listener:
 *
 *     source -> roster (what is believed) -> resolution (names to addresses) -> listener
 *                  \-> saved list
 */
export class Discovery implements Source {
  /** State, age, whether the source is connected, and counts of messages. */
  readonly roster: Roster
  readonly #source: Source
  readonly #resolution: Resolution
  readonly #saved: SavedList | undefined
  #closing: Promise<void> | undefined

  /** Throws HEADGATE_CONFIG_INVALID for a fixed list with an entry that is no server. */
  constructor(options: DiscoveryOptions, listener: SourceListener, dependencies: DiscoveryDependencies = {}) {
    const { clock = systemClock } = dependencies
    const faults = new FaultLog((event) => listener.onEvent?.(event), clock)
    this.#saved = openSavedList(options, clock, faults)
    this.#resolution = new Resolution(guarded(listener, faults), { ...dependencies, faults })
    const rosterOptions = options.kind === 'static' ? { fixed: true, emptyHold: 0 } : options
    this.roster = new Roster(
      rosterOptions,
      { onServers: (servers) => this.#resolution.apply(servers) },
      { clock, faults, ...(this.#saved && { onBelieved: this.#saved.keep }) },
    )
    this.#source = openSource(options, { ...dependencies, roster: this.roster, faults, clock })
  }

  start(): void {
    const saved = this.#saved?.read()
    if (saved !== undefined) this.roster.restore(saved.servers, saved.ageMs)
    this.#source.start()
  }

  /** Later calls wait for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#source.close()
    this.#resolution.close()
    this.roster.close()
    await this.#saved?.close()
  }
}

function openSource(
  options: DiscoveryOptions,
  dependencies: DiscoveryDependencies & { roster: Roster; faults: FaultLog; clock: Clock },
): Source {
  switch (options.kind) {
    case 'agent':
      return new AgentClient(options, dependencies)
    case 'dns':
      return new DnsSource(options, dependencies)
    case 'file':
      return new FileSource(options, dependencies)
    case 'static':
      return staticSource(options.servers.map(fixedServer), dependencies.roster)
  }
}

function fixedServer(entry: ServerEntry): ServerSpec {
  const server = parseEntry(entry)
  if (typeof server !== 'string') return server
  throw new HeadgateError('HEADGATE_CONFIG_INVALID', { message: `servers: ${entry.url}: ${server}` })
}

function openSavedList(options: DiscoveryOptions, clock: Clock, faults: FaultLog): SavedList | undefined {
  if (options.kind === 'static' || options.persist === undefined) return undefined
  return new SavedList({ path: options.persist, source: labelOf(options) }, clock, faults)
}

/** What a saved list is known by: all that its servers depend on. */
function labelOf(options: Exclude<DiscoveryOptions, { kind: 'static' }>): string {
  const { kind, port = '', protocol = '' } = options
  const place = kind === 'agent' ? options.url : kind === 'dns' ? options.name : options.path
  return `${kind} ${place} ${port} ${protocol}`.trim()
}

/** A listener that throws must not break the source: it keeps what it had, and the fault is told. */
function guarded(listener: SourceListener, faults: FaultLog): Pick<SourceListener, 'onServers'> {
  return {
    onServers(servers) {
      try {
        listener.onServers(servers)
        faults.clear('listener_failed')
      } catch (error) {
        faults.report({ kind: 'listener_failed', reason: reasonOf(error) })
      }
    },
  }
}
