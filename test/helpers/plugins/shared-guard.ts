import fp from 'fastify-plugin'
import guard from './guard.ts'

export default fp(async (app) => guard(app))
