import type { BalanceEvent } from '../balance/options.ts'
import type { Clock } from '../clock.ts'

/** What can happen in a gateway that an operator wants to see. */
export type EventKind =
  | `server_${Exclude<BalanceEvent['type'], 'panic' | 'calm'>}`
  | 'server_drained'
  | 'server_undrained'
  | 'panic'
  | 'calm'
  | 'discovery_state'
  | 'config_reloaded'
  | 'config_refused'
  | 'cache_purged'
  | 'log_level_set'
  | 'draining'
  | 'worker_started'
  | 'worker_died'

/** Something that has happened: plain JSON. */
export interface GatewayEvent {
  /** Milliseconds since 1970. */
  at: number
  kind: EventKind
  upstream?: string
  /** `host:port` */
  server?: string
  /** What else there is to say, in a few words: a reason, a new state, what was purged. */
  detail?: string
  /** The number of the worker, where it happened to a worker itself. */
  worker?: number
}

export type EventListener = (event: GatewayEvent) => void

/** Hands events on to whoever listens. A listener must not throw. */
export class EventFeed {
  readonly #clock: Clock
  readonly #listeners = new Set<EventListener>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  emit(event: Omit<GatewayEvent, 'at'>): void {
    if (!this.isHeard) return
    const told = { at: this.#clock.wallNow(), ...event }
    for (const listener of this.#listeners) listener(told)
  }

  /** Returns what ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
