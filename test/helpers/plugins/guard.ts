import type { FastifyInstance } from 'fastify'

/** A plugin as people write it, not wrapped by fastify-plugin. */
export default async function guard(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization === undefined) await reply.code(401).send({ error: 'who are you?' })
  })
}
