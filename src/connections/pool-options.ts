import type { Clock } from '../clock.ts'
import type { DialFunction, TlsOptions } from './dialer.ts'
import type { CloseReason, LifespanOptions } from './lifespan.ts'
import type { ServerPool } from './server-pool.ts'

/** What speaks HTTP over a connection. */
export type Driver = 'headgate' | 'undici'

/** Why the connections of a whole pool retire. */
export type RetireReason = 'server_removed' | 'shutdown'

/** The birth or the death of a connection, as data for a log. */
export type ConnectionEvent =
  | { type: 'opened'; id: number; dialMs: number; resumed: boolean }
  | { type: 'closed'; id: number; reason: CloseReason; ageMs: number; requests: number }

export interface RecyclingPoolOptions extends LifespanOptions {
  /** Connections at most, those that are being set up, retire or carry tunnels included. Default 128. */
  max?: number | undefined
  /** Milliseconds after which a connection that is not needed is closed; 0 = never. Default 60 000. */
  idleTimeout?: number | undefined
  /** Idle connections that are kept open, and dialled ahead of any request. Default 0. */
  minIdle?: number | undefined
  /** Milliseconds for setting a connection up, the TLS handshake included; 0 = no limit. Default 2000. */
  connectTimeout?: number | undefined
  /** For an https: origin. */
  tls?: TlsOptions | undefined
  /** Bytes that the header of a response may have. Default 16 384. */
  maxHeaderSize?: number | undefined
  /** Milliseconds until the head of a response, where a request does not say; 0 = no limit. Default 300 000. */
  headersTimeout?: number | undefined
  /** Milliseconds between two pieces of a response, where a request does not say; 0 = no limit. Default 300 000. */
  bodyTimeout?: number | undefined
  /** Requests that may wait while there are `max` connections. Default: no limit. */
  maxQueue?: number | undefined
  /** What speaks HTTP over the connections: headgate's own client, or undici's. Default headgate. */
  driver?: Driver | undefined
  clock?: Clock | undefined
  /** The pool whose place it takes: `stats` goes on with its counts, and has what still runs there. */
  former?: ServerPool | undefined
  /** Called at each birth and death of a connection. */
  onEvent?: ((event: ConnectionEvent) => void) | undefined
  /** Sets a connection up in another way than over TCP or TLS to the origin. */
  dial?: DialFunction | undefined
}
