import { HeadgateError } from '../errors.ts'
import type { ResponseSink, ResponseSource } from '../forward/sink.ts'
import type { Fill } from './fill.ts'
import type { FillClient } from './fill-client.ts'
import type { HttpCache } from './http-cache.ts'
import type { Attach, Fetch, Hit, Lookup, RequestChanges } from './lookup.ts'

/** A client that waits for an answer, and the way to a server on its behalf. */
export interface CacheClient {
  /** Opens the sink that answers the client; `onGone` is called if the client leaves first. */
  open(onGone: (error: Error) => void): ResponseSink
  /**
   * Asks a server, and writes what it says into the sink.
   *
   * @param changes how the request to the server differs from the client's
   * @param method the method to ask with
   * @returns what gives the request up
   */
  fetch(sink: ResponseSink, changes: RequestChanges, method: string): (error: Error) => void
}

/** Brings one client what a look-up has found: a stored response, somebody else's, or a server's. */
export class Delivery {
  readonly #cache: HttpCache
  readonly #client: CacheClient
  readonly #method: string
  readonly #sink: ResponseSink
  /** The second tier is asked once for each request. */
  #hasRecalled = false
  #result: string | undefined
  /** The client's place at the fill that feeds it. */
  #place: FillClient | undefined
  /** Gives up a request that is for this client alone. */
  #giveUp: ((error: Error) => void) | undefined

  /** @param method that of the client's request */
  constructor(cache: HttpCache, client: CacheClient, method: string) {
    this.#cache = cache
    this.#client = client
    this.#method = method
    this.#sink = client.open((error) => this.#leave(error))
  }

  /** How the client was served; undefined before that is known. */
  get result(): string | undefined {
    const place = this.#place
    if (place === undefined) return this.#result
    return place.result ?? (place.isFirst ? 'miss' : 'collapsed')
  }

  follow(lookup: Lookup): void {
    switch (lookup.kind) {
      case 'hit':
        return this.#sendHit(lookup)
      case 'join':
        return this.#attach(lookup.attach)
      case 'fetch':
        this.#attach(lookup.attach)
        return this.#recallOrFill(lookup)
      case 'bypass':
        this.#settle('bypass')
        this.#giveUp = this.#client.fetch(lookup.through(this.#sink), AS_IT_CAME, this.#method)
        return
      case 'refuse':
        this.#settle('miss')
        this.#sink.fail(new HeadgateError('HEADGATE_NOT_CACHED'))
    }
  }

  /** However it was to be served before. */
  #settle(result: string): void {
    this.#result = result
    this.#place = undefined
  }

  #leave(error: Error): void {
    if (this.#place !== undefined) this.#place.detach()
    else this.#giveUp?.(error)
  }

  #sendHit({ result, revalidation, statusCode, statusMessage, headers, body }: Hit): void {
    this.#settle(result)
    this.#sink.head({ statusCode, statusMessage, headers: headers.slice() }, IN_MEMORY)
    if (body !== undefined) this.#sink.data(body)
    this.#sink.end([])
    if (revalidation !== undefined) this.#fill(revalidation.fill, revalidation.requestHeaders)
  }

  #attach(attach: Attach): void {
    this.#place = attach(this.#sink, (next) => this.follow(next))
  }

  /** What another gateway has stored answers, where there is such a thing; else a server. */
  #recallOrFill({ fill, requestHeaders }: Fetch): void {
    const recalled = this.#hasRecalled ? undefined : this.#cache.recall(fill)
    this.#hasRecalled = true
    if (recalled === undefined) return this.#fill(fill, requestHeaders)
    recalled
      .then((isDone) => isDone || this.#fill(fill, requestHeaders))
      .catch((error: Error) => fill.fail(error))
  }

  #fill(fill: Fill, changes: RequestChanges): void {
    fill.giveUp = this.#client.fetch(fill, changes, fill.request.method)
  }
}

const AS_IT_CAME: RequestChanges = { remove: [], add: [] }

/** The source of a response that is in memory: it has been given whole. */
const IN_MEMORY: ResponseSource = { pause() {}, resume() {}, abort() {} }
