import type { Purge } from './cache/second-tier.ts'
import type { HandedSources } from './discovery/handed.ts'
import type { TicketKeys } from './edge/tls/ticket-keys.ts'
import type { FleetHealth } from './worker-messages.ts'

/** What a gateway leaves to another process, where it is one of several that serve as one. */
export interface PrimaryLink {
  /** A session of TLS that one process has begun, every other one resumes. */
  readonly ticketKeys: TicketKeys
  /** Calls back with the sources of servers: at once, and whenever there is news. */
  follow(take: (sources: HandedSources) => void): void
  /** The metrics of all processes, in Prometheus' text format. */
  metrics(): Promise<string>
  /** How all processes fare; what it does not know, it leaves out. */
  health(): Promise<Partial<FleetHealth>>
  /** What was purged here, others must not serve either. */
  purged(purge: Purge): void
}
