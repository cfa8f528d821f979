/**
 * Field lines as they came over the wire: name, value, name, value, ... in their order and with their case.
 * Values are latin1 strings. Fields that belong to one connection alone are already gone.
 */
export type FlatHeaders = string[]

/** The head of a final response (status 200 or above). */
export interface ResponseHead {
  statusCode: number
  /** The reason phrase that came with the status; may be empty. */
  statusMessage: string
  headers: FlatHeaders
}

/**
 * What pulls a response: the sink tells its source when it has no room, and when it wants no more.
 * A source is given to a sink with the head, and is good until the end or the failure.
 */
export interface ResponseSource {
  pause(): void
  resume(): void
  /** The sink wants no more: the server's request is given up. */
  abort(reason?: Error): void
}

/**
 * Where a response goes: a client, a cache entry that is being filled, or a probe.
 *
 *     interim* -> head -> data* -> end
 *          \________\______\____-> fail      (exactly one of end and fail, exactly once, nothing after it)
 */
export interface ResponseSink {
  /** An interim response (1xx other than 100 and 101), 103 above all. */
  interim?(statusCode: number, headers: FlatHeaders): void
  head(head: ResponseHead, source: ResponseSource): void
  /** A piece of the body. False asks the source to pause; the sink calls `source.resume()` later. The buffer may be kept. */
  data(chunk: Buffer): boolean
  /** The response is complete. Trailers are in wire form, often empty. */
  end(trailers: FlatHeaders): void
  /** Nothing more comes. Before the head it is the whole answer; after it the response is broken off. */
  fail(error: Error): void
}
