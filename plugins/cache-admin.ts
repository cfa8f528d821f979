import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Fleet } from '../src/view/fleet.ts'

export interface CacheAdminOptions {
  /** Whose cache it is. */
  fleet: Pick<Fleet, 'snapshot' | 'perform'>
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
async function cacheAdminPlugin(app: FastifyInstance, { fleet }: CacheAdminOptions): Promise<void> {
  app.get('/cache', async () => {
    const { cache } = await fleet.snapshot()
    return cache
  })

  app.get<{ Querystring: { url: string } }>(
    '/cache/entry',
    { schema: { querystring: entryQuery } },
    async (request, reply) => {
      const { url } = request.query
      const { variants = [] } = await fleet.perform({ kind: 'inspect-entry', url })
      return reply.code(variants.length === 0 ? 404 : 200).send({ url, variants })
    },
  )

  app.post<{ Body: { url?: string; prefix?: string; tag?: string } }>(
    '/cache/purge',
    { schema: { body: purgeBody } },
    async ({ body: { url, prefix, tag } }) => {
      const by = url !== undefined ? 'url' : tag !== undefined ? 'tag' : 'prefix'
      const value = (url ?? tag ?? prefix) as string
      const { affected } = await fleet.perform({ kind: 'purge', by, value })
      return { purged: affected }
    },
  )
}

export default fp(cacheAdminPlugin, { fastify: '5.x', name: 'headgate-cache-admin' })
