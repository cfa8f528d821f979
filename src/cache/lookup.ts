import type { FlatHeaders, ResponseSink } from '../forward/sink.ts'
import type { CacheResult, Detail, Forwarded } from './cache-status.ts'
import type { Answer } from './entry.ts'
import type { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'

/** How the request to the server differs from the client's. */
export interface RequestChanges {
  /** Lower-case names of the client's fields that are not forwarded. */
  remove: readonly string[]
  /** Fields that are forwarded besides. */
  add: FlatHeaders
}

/** A response from the store; write it as it is. */
export interface Hit extends Answer {
  kind: 'hit'
  result: Extract<CacheResult, 'hit' | 'stale'>
  /** The head as HTTP/1.1 writes it, up to its last field, where it stands ready. */
  text?: string | undefined
  /** The response is stale: bring it up to date in the background, without a client. */
  revalidation?: Revalidation | undefined
}

/** A request to a server that nobody waits for. */
export interface Revalidation {
  fill: Fill
  requestHeaders: RequestChanges
}

/** Somebody else's request is under way and will answer this one too. */
export interface Join {
  kind: 'join'
  attach: Attach
}

/** This request goes to a server, and its response into `fill`. */
export interface Fetch {
  kind: 'fetch'
  attach: Attach
  fill: Fill
  requestHeaders: RequestChanges
}

/** This request goes to a server, and the response straight to the client. */
export interface Bypass {
  kind: 'bypass'
  reason: Forwarded
  detail: Detail | undefined
  /** The sink for the response: it adds Cache-Status, invalidates what the request changed, and passes all on. */
  through(client: ResponseSink): ResponseSink
}

/** `only-if-cached`, and nothing stored may be used: 504, HEADGATE_NOT_CACHED. */
export interface Refuse {
  kind: 'refuse'
}

/**
 * Feeds a client from a fill. The client's sink gets a source of its own: it may pause, resume and abort without
 * regard to others. `again` is called at most once, and before anything was sent: the fill cannot answer this
 * request after all, and what it is called with takes the place of the lookup.
 * @returns `detach()` for when the client leaves, and `result` for the log once the head was sent
 */
export type Attach = (client: ResponseSink, again: (lookup: Lookup) => void) => FillClient

export type Lookup = Hit | Join | Fetch | Bypass | Refuse
