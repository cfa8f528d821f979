import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from '../forward/sink.ts'
import type { Detail, Forwarded } from './cache-status.ts'
import { forwardedStatus } from './cache-status.ts'

/** Takes the body of a response that passes by, once it is complete. */
export type Recorder = (body: Buffer) => void

/** A response on its way to one client: says in Cache-Status why it was not served from the store. */
export class Passage implements ResponseSink {
  readonly #client: ResponseSink
  readonly #forwarded: Forwarded | undefined
  readonly #detail: Detail | undefined
  readonly #onHead: ((head: ResponseHead) => Recorder | undefined) | undefined
  readonly #maxBytes: number
  #recorder: Recorder | undefined
  #chunks: Buffer[] = []
  #length = 0

  /**
   * @param parts.forwarded where it is undefined, nothing is said in Cache-Status
   * @param parts.onHead looks at the head, and may ask for the body, which is kept up to `maxBytes`
   */
  constructor(
    client: ResponseSink,
    parts: {
      forwarded: Forwarded | undefined
      detail: Detail | undefined
      onHead?: ((head: ResponseHead) => Recorder | undefined) | undefined
      maxBytes?: number
    },
  ) {
    this.#client = client
    this.#forwarded = parts.forwarded
    this.#detail = parts.detail
    this.#onHead = parts.onHead
    this.#maxBytes = parts.maxBytes ?? 0
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    this.#client.interim?.(statusCode, headers)
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#recorder = this.#onHead?.(head)
    if (this.#forwarded === undefined) {
      this.#client.head(head, source)
      return
    }
    const { statusCode, statusMessage, headers } = head
    const status = forwardedStatus(this.#forwarded, { status: statusCode, detail: this.#detail })
    this.#client.head({ statusCode, statusMessage, headers: [...headers, 'Cache-Status', status] }, source)
  }

  data(chunk: Buffer): boolean {
    if (this.#recorder !== undefined) this.#keep(chunk)
    return this.#client.data(chunk)
  }

  end(trailers: FlatHeaders): void {
    this.#recorder?.(Buffer.concat(this.#chunks))
    this.#client.end(trailers)
  }

  fail(error: Error): void {
    this.#client.fail(error)
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= this.#maxBytes) return
    this.#recorder = undefined
    this.#chunks = []
  }
}
