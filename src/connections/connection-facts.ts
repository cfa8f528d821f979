import type { Dispatcher } from 'undici'

/** What a request may know of its connection. The values are live: read them while the request runs. */
export interface ConnectionFacts {
  /** Counts up within the pool. */
  readonly id: number
  /** Milliseconds since the connection was dialled. */
  readonly ageMs: number
  /** Milliseconds that it took to set up. */
  readonly dialMs: number
  /** Requests that it has carried, this one included. */
  readonly requests: number
  /** Whether it has carried a request before this one. */
  readonly reused: boolean
  /** Whether a byte of this request may have reached the server. False in `onResponseError`: it was never sent. */
  readonly sent: boolean
}

/** undici's handler, and what a pool of headgate tells it beyond that. */
export interface RecyclingHandler extends Dispatcher.DispatchHandler {
  /** It reads `controller.rawHeaders`: no object with the parsed fields has to be made for it. */
  readonly readsRawHeaders?: boolean
  /** The request has a connection. Right before `onRequestStart`; over HTTP/2 again where a server has refused it. */
  onConnection?(connection: ConnectionFacts): void
}
