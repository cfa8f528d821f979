import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { HttpCache } from '../src/cache/http-cache.ts'

export interface CacheAdminOptions {
  /** The cache that is in use. */
  cache: () => HttpCache
}

const purgeBody = {
  type: 'object',
  oneOf: [{ required: ['url'] }, { required: ['prefix'] }, { required: ['tag'] }],
  properties: {
    url: { type: 'string', format: 'uri' },
    prefix: { type: 'string', minLength: 1 },
    tag: { type: 'string', minLength: 1 },
  },
} as const

const entryQuery = {
  type: 'object',
  required: ['url'],
  properties: { url: { type: 'string', format: 'uri' } },
} as const

/**
 * What an operator does with a cache, for the admin port alone: `GET /cache` (statistics), `GET /cache/entry?url=`
 * (what is stored of a URL, and why), and `POST /cache/purge` with one of `url`, `prefix` and `tag` as JSON. A page of
 * another site cannot send JSON without being asked first, and nobody here answers that question.
 */
async function cacheAdminPlugin(app: FastifyInstance, { cache }: CacheAdminOptions): Promise<void> {
  app.get('/cache', async () => {
    const { entries, bytes, evictions, stats, tierStats } = cache()
    return { entries, bytes, evictions, requests: stats, ...(tierStats && { secondTier: tierStats }) }
  })

  app.get<{ Querystring: { url: string } }>(
    '/cache/entry',
    { schema: { querystring: entryQuery } },
    async (request, reply) => {
      const variants = cache().purger.inspect(request.query.url)
      return reply.code(variants.length === 0 ? 404 : 200).send({ url: request.query.url, variants })
    },
  )

  app.post<{ Body: { url?: string; prefix?: string; tag?: string } }>(
    '/cache/purge',
    { schema: { body: purgeBody } },
    async ({ body: { url, prefix, tag } }) => {
      const { purger } = cache()
      if (url !== undefined) return { purged: purger.purge(url) }
      if (tag !== undefined) return { purged: await purger.purgeTag(tag) }
      return { purged: await purger.purgePrefix(prefix as string) }
    },
  )
}

export default fp(cacheAdminPlugin, { fastify: '5.x', name: 'headgate-cache-admin' })
