import type { Inspection } from '../cache/purger.ts'
import type { EventListener } from './event-feed.ts'
import type { GatewaySnapshot } from './snapshot.ts'

/**
 * One process or several that serve as one gateway, as the admin port sees and steers them. Everything that goes
 * through it is plain JSON.
 */
export interface Fleet {
  snapshot(): Promise<GatewaySnapshot>
  /** Prometheus' text format. */
  metrics(): Promise<string>
  /** Does it in every process. */
  perform(action: Action): Promise<ActionResult>
  /** Tells of what happens from now on; returns what ends that. */
  onEvent(listener: EventListener): () => void
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

export type Action =
  /** No new requests for a server, whatever its source says, until `undrain-server`. */
  | { kind: 'drain-server'; upstream: string; server: string }
  | { kind: 'undrain-server'; upstream: string; server: string }
  /** Takes responses out of the cache: of a URL, of all that begin so, or with a tag. */
  | { kind: 'purge'; by: 'url' | 'prefix' | 'tag'; value: string }
  | { kind: 'set-log-level'; level: LogLevel }
  /** Changes nothing: shows what is stored of a URL. */
  | { kind: 'inspect-entry'; url: string }

export interface ActionResult {
  /** How many servers, responses or processes it concerned, in all processes together; 0 = what it names is not there. */
  affected: number
  /** What `inspect-entry` has found. */
  variants?: Inspection[]
}

/** What several processes have answered to one action. */
export function mergeResults(results: readonly ActionResult[]): ActionResult {
  const found = results.flatMap(({ variants }) => (variants === undefined ? [] : [variants]))
  return {
    affected: results.reduce((total, { affected }) => total + affected, 0),
    ...(found.length > 0 && { variants: found.flat() }),
  }
}
