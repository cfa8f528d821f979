import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from '../forward/sink.ts'
import type { BodyBuffer } from './body-buffer.ts'
import type { CacheResult } from './cache-status.ts'
import type { CacheRequest } from './key.ts'
import type { Lookup } from './lookup.ts'
import type { ByteRange } from './range.ts'

/** What a client tells the fill that feeds it. */
export interface FillClientOwner {
  /** It can take more again. */
  onReady(client: FillClient): void
  /** It has left, or has everything. */
  onGone(client: FillClient, satisfied: boolean): void
}

/**
 * One client of a {@link Fill}: reads the common body at its own pace, and only the bytes it asked for.
 *
 *     waiting -> receiving -> done
 *        \________________\-> done     (it left, the fill failed, or it goes its own way)
 */
export class FillClient implements ResponseSource {
  readonly request: CacheRequest
  /** Where it turns when the fill cannot answer it. */
  readonly again: (lookup: Lookup) => void
  /** The one whose request made the fill. */
  readonly isFirst: boolean
  /** When it stops waiting for a head. Milliseconds on the monotonic clock. */
  readonly deadline: number
  /** How it was served; known with the head. */
  result: CacheResult | undefined

  readonly #owner: FillClientOwner
  readonly #sink: ResponseSink
  #state: 'waiting' | 'receiving' | 'done' = 'waiting'
  #paused = false
  #pumping = false
  #body: BodyBuffer | undefined
  #range: ByteRange | undefined
  #piece = 0
  /** Where the next piece starts in the body. */
  #at = 0

  constructor(
    owner: FillClientOwner,
    parts: Pick<FillClient, 'request' | 'again' | 'isFirst' | 'deadline'> & { sink: ResponseSink },
  ) {
    this.#owner = owner
    this.request = parts.request
    this.#sink = parts.sink
    this.again = parts.again
    this.isFirst = parts.isFirst
    this.deadline = parts.deadline
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting'
  }

  get isDone(): boolean {
    return this.#state === 'done'
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** Pieces before this one are not needed any more. */
  get nextPiece(): number {
    return this.#piece
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    if (this.#state === 'waiting') this.#sink.interim?.(statusCode, headers)
  }

  /** Sends the head, and then the body as it comes. `range` is null where no body is sent. */
  begin(
    head: ResponseHead,
    range: ByteRange | undefined | null,
    body: BodyBuffer,
    result: CacheResult,
  ): void {
    if (this.#state !== 'waiting') return
    this.#state = 'receiving'
    this.result = result
    this.#body = body
    this.#range = range ?? undefined
    this.#sink.head(head, this)
    if (range === null) this.#end([])
    else this.pump()
  }

  /** Hands over what has arrived and is wanted, until the client has no room. */
  pump(): void {
    const body = this.#body
    if (body === undefined || this.#pumping) return
    this.#pumping = true
    while (!this.#paused && this.#state === 'receiving') {
      const piece = body.piece(this.#piece)
      if (piece === undefined) {
        if (body.ended) this.#end(this.#range === undefined ? body.trailers : [])
        break
      }
      this.#deliver(piece)
    }
    this.#pumping = false
  }

  fail(error: Error): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    this.#sink.fail(error)
  }

  /** Ends its part in the fill without a word to the sink, which somebody else serves now. */
  release(): void {
    this.#state = 'done'
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.pump()
    if (!this.#paused) this.#owner.onReady(this)
  }

  abort(): void {
    this.detach()
  }

  /** The client has left. */
  detach(): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    this.#owner.onGone(this, false)
  }

  #deliver(piece: Buffer): void {
    const start = this.#at
    this.#piece++
    this.#at += piece.length
    const range = this.#range
    const from = range === undefined ? 0 : Math.max(0, range.first - start)
    const to = range === undefined ? piece.length : Math.min(piece.length, range.last + 1 - start)
    if (from < to) {
      const wanted = to - from === piece.length ? piece : piece.subarray(from, to)
      if (!this.#sink.data(wanted)) this.#paused = true
    }
    if (range !== undefined && this.#at > range.last && this.#state === 'receiving') this.#end([])
  }

  #end(trailers: FlatHeaders): void {
    this.#state = 'done'
    this.#sink.end(trailers)
    this.#owner.onGone(this, true)
  }
}
