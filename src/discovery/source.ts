import type { ServerSpec } from '../balance/server.ts'
import type { DiscoveryEvent } from './events.ts'

/**
 * Where servers come from: an agent, the DNS, a file, a fixed list. Each offers its lists to the `Roster` that it
 * was given, which alone decides what is believed.
 */
export interface Source {
  /** Begins at once and never throws; what goes wrong is told as an event. Called once. */
  start(): void
  /** Ends for good: after it nothing more is offered, and nothing keeps the process alive. */
  close(): Promise<void>
}

/** Who wants to know the servers. */
export interface SourceListener {
  /** The whole list, each time that it changes: unique names, frozen. */
  onServers(servers: readonly ServerSpec[]): void
  /** What is worth a line in a log. A fault comes once when it begins, not with every message. */
  onEvent?(event: DiscoveryEvent): void
}

/** What a server's port and protocol are where a list does not say. */
export interface ServerDefaults {
  /** 1 to 65535. Without it, every item must name its own. */
  port?: number
  /** @default 'http' */
  protocol?: 'http' | 'https'
}
