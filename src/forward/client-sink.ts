import type { HeadgateError } from '../errors.ts'
import type { ResponseHead } from './sink.ts'
import type { Sweep } from './sweep.ts'

/*
 * What the sinks of both protocols have in common: whom they write for.
 */

/** Writes the head of a response, once whoever it belongs to has seen it. */
export interface HeadWriter {
  writeHead(head: ResponseHead): void
}

/** Whose response a sink writes. */
export interface ClientSinkOwner {
  /** Called when nothing was sent yet and nothing will come: the place for an error response. */
  onUnanswered(error: Error): void
  /** Called once when the client has left before it had the whole response. */
  onGone(error: HeadgateError): void
  /** Called with the head, which it may add to; it calls `sink.writeHead(head)` before it returns. */
  onHead(head: ResponseHead, sink: HeadWriter): void
}

export interface ClientSinkOptions {
  sweep: Sweep
  /** A client that takes nothing of a response for this long is cut, ms; 0 = never. */
  sendTimeout: number
}
