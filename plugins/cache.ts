import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { type CacheClient, Delivery } from '../src/cache/delivery.ts'
import { HttpCache } from '../src/cache/http-cache.ts'
import type { CacheRequest } from '../src/cache/key.ts'
import type { Hit } from '../src/cache/lookup.ts'
import type { HttpCacheOptions } from '../src/cache/options.ts'
import { fieldsAsSent } from '../src/cache/request-changes.ts'
import type { SecondTier } from '../src/cache/second-tier.ts'
import type { RedisTierOptions } from '../src/cache-redis/redis-tier.ts'
import { targetOf } from '../src/edge/routable.ts'

/** How a response gets into the cache and to the client. */
export interface CachedResponse extends CacheClient {
  mode: CacheRequest['mode']
  /** What tells one resource from another under the same URL, such as the name of a route. Default: nothing. */
  partition?: string | undefined
  /** Fields for the server that replace the client's, names in lower case; an empty value removes one. `Vary` and the rest judge by these. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Writes a hit at once, without a sink. False, with nothing written, where that cannot be. Default: every hit goes through a sink. */
  write?(hit: Hit): boolean
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
      holder.current = new HttpCache({ ...next, tier, onPurge: options.onPurge })
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
    const request = requestOf(this, response)
    const lookup = cache.lookup(request)
    if (lookup.kind === 'hit' && lookup.text !== undefined && response.write?.(lookup) === true) return isHit
    const delivery = new Delivery(cache, response, request.method)
    delivery.follow(lookup)
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

const isHit = () => 'hit'

function requestOf({ request }: FastifyReply, { mode, partition, headers }: CachedResponse): CacheRequest {
  const { raw } = request
  return {
    method: raw.method as string,
    scheme: request.protocol as 'http' | 'https',
    host: request.host,
    target: targetOf(raw),
    headers: headers === undefined ? raw.headers : fieldsAsSent(raw.headers, headers),
    mode,
    ...(partition !== undefined && { partition }),
  }
}
