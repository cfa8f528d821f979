import type { IncomingHttpHeaders } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { HttpCache } from '../src/cache/http-cache.ts'
import type { CacheRequest } from '../src/cache/key.ts'
import type { Hit, Lookup, RequestChanges } from '../src/cache/lookup.ts'
import type { HttpCacheOptions } from '../src/cache/options.ts'
import type { SecondTier } from '../src/cache/second-tier.ts'
import type { RedisTierOptions } from '../src/cache-redis/redis-tier.ts'
import { targetOf } from '../src/edge/routable.ts'
import { HeadgateError } from '../src/errors.ts'
import type { ResponseSink, ResponseSource } from '../src/forward/sink.ts'

/** How a response gets into the cache and to the client. */
export interface CachedResponse {
  mode: CacheRequest['mode']
  /** What tells one resource from another under the same URL, such as the name of a route. Default: nothing. */
  partition?: string | undefined
  /** Fields for the server that replace the client's, names in lower case; an empty value removes one. `Vary` and the rest judge by these. */
  headers?: Readonly<Record<string, string>> | undefined
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

export interface CacheOptions extends HttpCacheOptions {
  /** A second tier in Redis or Valkey, which gateways share. Its client is loaded only where this is given. */
  redis?: RedisTierOptions | undefined
}

/** The cache that is in use. */
export interface CacheHolder {
  readonly current: HttpCache
  /** Goes on with other bounds and rules. With another second tier it starts anew; what was stored in memory is forgotten. */
  configure(options: CacheOptions): Promise<void>
}

/** A shared HTTP cache as `reply.sendCached()`: in a handler, so that every hook of other plugins has run before it. */
async function cachePlugin(app: FastifyInstance, options: CacheOptions): Promise<void> {
  let inUse = options
  let tier = await openTier(app, options)
  const holder = {
    current: new HttpCache({ ...options, tier }),
    async configure(next: CacheOptions) {
      if (isDeepStrictEqual(next, inUse)) return
      const isSameTier = isDeepStrictEqual(next.redis, inUse.redis)
      inUse = next
      if (isSameTier) return holder.current.adjust(next)
      const before = { cache: holder.current, tier }
      tier = await openTier(app, next)
      holder.current = new HttpCache({ ...next, tier })
      before.cache.close()
      await before.tier?.close()
    },
  }
  app.decorate('httpCache', holder)
  app.addHook('onClose', async () => {
    holder.current.close()
    await tier?.close()
  })
  app.decorateReply('sendCached', function sendCached(this: FastifyReply, response: CachedResponse) {
    const cache = holder.current
    const delivery = new Delivery(this, response, cache)
    delivery.follow(cache.lookup(requestOf(this, response)))
    return () => delivery.result
  })
}

export default fp(cachePlugin, { fastify: '5.x', name: 'headgate-cache' })

async function openTier(app: FastifyInstance, { redis }: CacheOptions): Promise<SecondTier | undefined> {
  if (redis === undefined) return undefined
  const { RedisTier } = await import('../src/cache-redis/redis-tier.ts')
  return new RedisTier({
    onState: (state, error) => {
      if (state === 'ready') app.log.info('the second tier of the cache is there')
      else app.log.warn({ reason: error?.message }, 'the second tier of the cache is gone')
    },
    ...redis,
  })
}

const asIs: RequestChanges = { remove: [], add: [] }

/** Brings one client what a look-up has found: a stored response, somebody else's, or a server's. */
class Delivery {
  readonly #reply: FastifyReply
  readonly #response: CachedResponse
  readonly #sink: ResponseSink
  readonly #cache: HttpCache
  /** The second tier is asked once for each request. */
  #hasRecalled = false
  #resultOf: () => string | undefined = () => undefined
  /** What to do when the client leaves. */
  #leave: (error: Error) => void = () => {}

  constructor(reply: FastifyReply, response: CachedResponse, cache: HttpCache) {
    this.#reply = reply
    this.#cache = cache
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
        return this.#recallOrFill(lookup)
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

  /** What another gateway has stored answers, where there is such a thing; else a server. */
  #recallOrFill({ fill, requestHeaders }: Extract<Lookup, { kind: 'fetch' }>): void {
    const recalled = this.#hasRecalled ? undefined : this.#cache.recall(fill)
    this.#hasRecalled = true
    if (recalled === undefined) return this.#fill(fill, requestHeaders)
    recalled
      .then((isDone) => isDone || this.#fill(fill, requestHeaders))
      .catch((error: Error) => fill.fail(error))
  }

  #fill(fill: Extract<Lookup, { kind: 'fetch' }>['fill'], changes: RequestChanges): void {
    const giveUp = this.#response.fetch(fill, changes, fill.request.method)
    fill.onAbandoned = () => giveUp(new HeadgateError('HEADGATE_CLIENT_GONE'))
  }
}

/** The source of a response that is in memory: it has been given whole. */
const stored: ResponseSource = { pause() {}, resume() {}, abort() {} }

function requestOf({ request }: FastifyReply, { mode, partition, headers }: CachedResponse): CacheRequest {
  const { raw } = request
  return {
    method: raw.method as string,
    scheme: request.protocol as 'http' | 'https',
    host: request.host.toLowerCase(),
    target: targetOf(raw),
    headers: headers === undefined ? raw.headers : asSent(raw.headers, headers),
    mode,
    ...(partition !== undefined && { partition }),
  }
}

/** The fields of a request as the server gets them: what it varies by is what it sees. */
function asSent(
  sent: IncomingHttpHeaders,
  changes: NonNullable<CachedResponse['headers']>,
): IncomingHttpHeaders {
  const fields = { ...sent }
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') delete fields[name]
    else fields[name] = value
  }
  return fields
}
