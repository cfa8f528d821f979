import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { CloseReason } from './lifespan.ts'

/**
 * Speaks HTTP over one socket that is ready, one request at a time, and tells the handler that it was made with. It
 * never gets a second socket. When it cannot use its socket any more, it destroys it.
 */
export interface Speaker {
  /** Waits for the first request: whatever the server says or does meanwhile ends the socket. */
  watch(): void
  /**
   * Sends a request; the last one says `Connection: close`, and the socket goes with its response. A fault in the
   * request, or a socket that is closed before anything was written, is told as an error without `onRequestStart`.
   */
  start(options: Dispatcher.DispatchOptions, isLast: boolean, isRaw: boolean): void
  /** Lets go of a socket over which nothing was sent. */
  release(): void
  /** Ends the socket, after the request that runs. */
  close(): void
  /** Ends the socket now; the request that runs fails with this error. */
  destroy(error: Error): void
  /** Why the socket was closed, where nobody had asked for that and no request ran. */
  whyClosed(): CloseReason
}

/** Makes the speaker of a new connection. */
export type OpenSpeaker = (socket: Socket, handler: Dispatcher.DispatchHandler) => Speaker
