import type { ServerSpec } from '../balance/server.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Roster } from './roster.ts'

/** What is shown of a roster. */
export type RosterView = Pick<Roster, 'state' | 'ageMs' | 'connected' | 'messages' | 'servers'>

/** How a source stands that another process holds: plain data. */
export interface HandedSource extends Pick<RosterView, 'state' | 'ageMs' | 'connected' | 'messages'> {
  /** The whole list; absent = as it was handed last. */
  servers?: readonly ServerSpec[]
}

/** By the name of the upstream; whatever is missing is gone. */
export type HandedSources = Readonly<Record<string, HandedSource>>

interface Handed {
  source: HandedSource
  servers: readonly ServerSpec[]
  at: number
}

/** The sources of servers as another process hands them on: it looks for servers once, for all that serve. */
export class HandedDiscovery {
  readonly #clock: Clock
  readonly #onServers: (upstream: string, servers: readonly ServerSpec[]) => void
  #handed = new Map<string, Handed>()

  constructor(
    onServers: (upstream: string, servers: readonly ServerSpec[]) => void,
    clock: Clock = systemClock,
  ) {
    this.#onServers = onServers
    this.#clock = clock
  }

  /** Takes what was handed on; lists are applied at once. */
  take(sources: HandedSources): void {
    const at = this.#clock.now()
    const before = this.#handed
    this.#handed = new Map(
      Object.entries(sources).map(([upstream, source]) => {
        const servers = source.servers ?? before.get(upstream)?.servers ?? []
        return [upstream, { source, servers, at }]
      }),
    )
    for (const [upstream, { servers }] of Object.entries(sources)) {
      if (servers !== undefined) this.#onServers(upstream, servers)
    }
  }

  /** Whoever hands on opens what a configuration names. */
  async configure(): Promise<void> {}

  get(upstream: string): { readonly roster: RosterView } | undefined {
    const handed = this.#handed.get(upstream)
    return handed && { roster: this.#rosterOf(handed) }
  }

  *[Symbol.iterator](): Generator<[upstream: string, source: { readonly roster: RosterView }]> {
    for (const [upstream, handed] of this.#handed) yield [upstream, { roster: this.#rosterOf(handed) }]
  }

  #rosterOf({ source, servers, at }: Handed): RosterView {
    const { state, connected, messages, ageMs } = source
    const isAging = ageMs !== undefined && state !== 'static'
    return {
      state,
      connected,
      messages,
      servers,
      ageMs: isAging ? ageMs + this.#clock.now() - at : ageMs,
    }
  }
}

/** A source as it is handed on. */
export function handedOf(
  { state, ageMs, connected, messages, servers }: RosterView,
  isWhole: boolean,
): HandedSource {
  return { state, ageMs, connected, messages: { ...messages }, ...(isWhole && { servers }) }
}
