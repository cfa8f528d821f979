import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { HttpCache } from '../src/cache/http-cache.ts'
import type { CacheRequest } from '../src/cache/key.ts'
import type { Hit, Lookup, RequestChanges } from '../src/cache/lookup.ts'
import type { HttpCacheOptions } from '../src/cache/options.ts'
import { targetOf } from '../src/edge/routable.ts'
import { HeadgateError } from '../src/errors.ts'
import type { ResponseSink, ResponseSource } from '../src/forward/sink.ts'

/** How a response gets into the cache and to the client. */
export interface CachedResponse {
  mode: CacheRequest['mode']
  /** What tells one resource from another under the same URL, such as the name of a route. Default: nothing. */
  partition?: string | undefined
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

declare module 'fastify' {
  interface FastifyInstance {
    httpCache: CacheHolder
  }
  interface FastifyReply {
    /** Answers from the cache, or through it. Returns how, once that is known, for a log. */
    sendCached(response: CachedResponse): () => string | undefined
  }
}

/** The cache that is in use. */
export interface CacheHolder {
  readonly current: HttpCache
  /** Starts anew with other bounds; what was stored is forgotten. */
  configure(options: HttpCacheOptions): void
}

/** A shared HTTP cache as `reply.sendCached()`: in a handler, so that every hook of other plugins has run before it. */
async function cachePlugin(app: FastifyInstance, options: HttpCacheOptions): Promise<void> {
  const holder = {
    current: new HttpCache(options),
    configure(next: HttpCacheOptions) {
      holder.current.close()
      holder.current = new HttpCache(next)
    },
  }
  app.decorate('httpCache', holder)
  app.addHook('onClose', async () => holder.current.close())
  app.decorateReply('sendCached', function sendCached(this: FastifyReply, response: CachedResponse) {
    const delivery = new Delivery(this, response)
    delivery.follow(holder.current.lookup(requestOf(this, response)))
    return () => delivery.result
  })
}

export default fp(cachePlugin, { fastify: '5.x', name: 'headgate-cache' })

const asIs: RequestChanges = { remove: [], add: [] }

/** Brings one client what a look-up has found: a stored response, somebody else's, or a server's. */
class Delivery {
  readonly #reply: FastifyReply
  readonly #response: CachedResponse
  readonly #sink: ResponseSink
  #resultOf: () => string | undefined = () => undefined
  /** What to do when the client leaves. */
  #leave: (error: Error) => void = () => {}

  constructor(reply: FastifyReply, response: CachedResponse) {
    this.#reply = reply
    this.#response = response
    this.#sink = response.open((error) => this.#leave(error))
  }

  get result(): string | undefined {
    return this.#resultOf()
  }

  follow(lookup: Lookup): void {
    switch (lookup.kind) {
      case 'hit':
        return this.#sendHit(lookup)
      case 'join':
        return this.#attach(lookup.attach)
      case 'fetch':
        this.#attach(lookup.attach)
        return this.#fill(lookup.fill, lookup.requestHeaders)
      case 'bypass':
        this.#resultOf = () => 'bypass'
        this.#leave = this.#response.fetch(lookup.through(this.#sink), asIs, this.#reply.request.method)
        return
      case 'refuse':
        this.#resultOf = () => 'miss'
        this.#sink.fail(new HeadgateError('HEADGATE_NOT_CACHED'))
    }
  }

  #sendHit({ result, revalidation, statusCode, statusMessage, headers, body }: Hit): void {
    this.#resultOf = () => result
    this.#sink.head({ statusCode, statusMessage, headers: headers.slice() }, stored)
    if (body !== undefined) this.#sink.data(body)
    this.#sink.end([])
    if (revalidation !== undefined) this.#fill(revalidation.fill, revalidation.requestHeaders)
  }

  #attach(attach: Extract<Lookup, { kind: 'join' }>['attach']): void {
    const client = attach(this.#sink, (next) => this.follow(next))
    this.#resultOf = () => client.result ?? (client.isFirst ? 'miss' : 'collapsed')
    this.#leave = () => client.detach()
  }

  #fill(fill: Extract<Lookup, { kind: 'fetch' }>['fill'], changes: RequestChanges): void {
    const giveUp = this.#response.fetch(fill, changes, fill.request.method)
    fill.onAbandoned = () => giveUp(new HeadgateError('HEADGATE_CLIENT_GONE'))
  }
}

/** The source of a response that is in memory: it has been given whole. */
const stored: ResponseSource = { pause() {}, resume() {}, abort() {} }

function requestOf({ request }: FastifyReply, { mode, partition }: CachedResponse): CacheRequest {
  const { raw } = request
  return {
    method: raw.method as string,
    scheme: request.protocol as 'http' | 'https',
    host: request.host.toLowerCase(),
    target: targetOf(raw),
    headers: raw.headers,
    mode,
    ...(partition !== undefined && { partition }),
  }
}
