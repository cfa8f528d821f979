import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

export default fp(async (app: FastifyInstance, { stamp }: { stamp: string }) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-stamp', stamp)
  })
})
