import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import { bearer, problemResponse, refusalResponses } from '../src/guard/problem.ts'
import { Refusal } from '../src/guard/refusal.ts'
import { storedVariant } from '../src/view/answers.ts'
import type { Fleet } from '../src/view/fleet.ts'
import { cacheSnapshot } from '../src/view/snapshot.ts'

export interface CacheAdminOptions {
  /** Whose cache it is. */
  fleet: Pick<Fleet, 'snapshot' | 'perform'>
}

const url = Type.String({ format: 'uri', description: 'As clients ask for it, with scheme and host.' })

const entryQuery = Type.Object({ url })

const purgeBody = Type.Object(
  {
    url: Type.Optional(url),
    prefix: Type.Optional(Type.String({ minLength: 1, description: 'What URLs begin with.' })),
    tag: Type.Optional(
      Type.String({ minLength: 1, description: 'One of `Cache-Tag` or `Surrogate-Key` of responses.' }),
    ),
  },
  {
    oneOf: ['url', 'prefix', 'tag'].map((name) => ({ required: [name] })),
    additionalProperties: false,
    description: 'One of the three.',
  },
)

/**
 * What an operator does with a cache, for an application that only operators reach: `GET /cache`, `GET /cache/entry`
 * and `POST /cache/purge`.
 */
async function cacheAdminPlugin(app: FastifyInstance, { fleet }: CacheAdminOptions): Promise<void> {
  // What is told is as it is now, and not to be kept.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(
    '/cache',
    { schema: { summary: 'The cache', response: { 200: cacheSnapshot } } },
    async () => (await fleet.snapshot()).cache,
  )

  app.get<{ Querystring: { url: string } }>(
    '/cache/entry',
    {
      schema: {
        summary: 'What is stored of a URL, and why',
        querystring: entryQuery,
        response: {
          200: Type.Object({ url: Type.String(), variants: Type.Array(storedVariant) }),
          400: problemResponse,
          404: problemResponse,
        },
      },
    },
    async ({ query: { url } }) => {
      const { variants = [] } = await fleet.perform({ kind: 'inspect-entry', url })
      if (variants.length === 0) throw new Refusal(404, `Nothing is stored of ${url}`)
      return { url, variants }
    },
  )

  app.post<{ Body: { url?: string; prefix?: string; tag?: string } }>(
    '/cache/purge',
    {
      schema: {
        summary: 'Take responses out of the cache',
        body: purgeBody,
        security: bearer,
        response: {
          200: Type.Object({ purged: Type.Integer({ description: 'How many responses there were.' }) }),
          400: problemResponse,
          ...refusalResponses,
        },
      },
    },
    async ({ body }) => {
      const [[by, value]] = Object.entries(body) as [['url' | 'prefix' | 'tag', string]]
      const { affected } = await fleet.perform({ kind: 'purge', by, value })
      return { purged: affected }
    },
  )
}

export default fp(cacheAdminPlugin, { fastify: '5.x', name: 'headgate-cache-admin', encapsulate: true })
