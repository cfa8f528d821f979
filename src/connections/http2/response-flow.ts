import type { ClientHttp2Stream } from 'node:http2'

export interface FlowListener {
  onChunk(chunk: Buffer): void
  /** Every byte has come: the stream is not needed any more. */
  onComplete(): void
  /** Every byte has been passed on. Always the last. */
  onDelivered(): void
}

/**
 * The body of a response, from the stream to its reader and at the reader's pace. Once its end has come, what is left
 * is held here (never more than the stream's window), so that a slow reader keeps neither stream nor session.
 */
export class ResponseFlow {
  /** Every byte has come. */
  isComplete = false
  readonly #stream: ClientHttp2Stream
  readonly #listener: FlowListener
  #isPaused: boolean
  #hasBegun = false
  #isEndSeen = false
  #isDropped = false
  #held: Buffer[] = []

  /** @param isPaused the reader has no room to begin with */
  constructor(stream: ClientHttp2Stream, listener: FlowListener, isPaused: boolean) {
    this.#stream = stream
    this.#listener = listener
    this.#isPaused = isPaused
    this.#watchEnd()
  }

  /** The head is there: from now on pieces are passed on. */
  begin(): void {
    this.#hasBegun = true
    this.#stream.on('data', this.#onData).on('end', this.#onEnd)
    if (this.#isPaused && !this.#isEndSeen) this.#stream.pause()
    else this.#stream.resume()
  }

  pause(): void {
    this.#isPaused = true
    if (this.#hasBegun && !this.#isEndSeen) this.#stream.pause()
  }

  resume(): void {
    this.#isPaused = false
    while (this.#held.length > 0 && this.#isFlowing()) this.#listener.onChunk(this.#held.shift()!)
    if (!this.#isFlowing()) return
    if (this.isComplete) this.#listener.onDelivered()
    else if (this.#hasBegun) this.#stream.resume()
  }

  /** Nobody wants what is left. */
  drop(): void {
    this.#isDropped = true
    this.#held = []
  }

  #isFlowing(): boolean {
    return !this.#isPaused && !this.#isDropped
  }

  /**
   * Node ends a stream that the server has reset with NO_ERROR, or that a torn connection has taken along, as it ends
   * a complete one. The difference is when the end is pushed: before the stream is closed, which is END_STREAM, or as
   * it is.
   */
  #watchEnd(): void {
    const stream = this.#stream
    const { push } = stream
    const watchedPush: typeof push = (chunk, encoding) => {
      if (chunk === null && !stream.closed) this.#isEndSeen = true
      const hasRoom = push.call(stream, chunk, encoding)
      if (chunk === null && this.#isEndSeen && this.#hasBegun) stream.resume()
      return hasRoom
    }
    stream.push = watchedPush
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isDropped) return
    if (this.#isPaused || this.#held.length > 0) this.#held.push(chunk)
    else this.#listener.onChunk(chunk)
  }

  readonly #onEnd = (): void => {
    // Otherwise it is the end of a stream that was reset; its `close` tells how.
    if (!this.#isEndSeen || this.#isDropped) return
    this.isComplete = true
    this.#listener.onComplete()
    if (this.#held.length === 0 && this.#isFlowing()) this.#listener.onDelivered()
  }
}
