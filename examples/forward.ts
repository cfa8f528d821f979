/**
 * Forwarding alone: `reply.forward()` sends a request on as it is, over connections that are recycled, and streams the
 * answer back. Who decides about the server is up to the application; here there is only one.
 *
 *     node examples/forward.ts
 *     curl http://127.0.0.1:3000/api/anything
 */
import fastify from 'fastify'
import { forward, RecyclingPool } from '../src/index.ts' // in a project of your own: 'headgate'
import { sampleServer } from './sample-server.ts'

const origin = new URL(await sampleServer('the only one'))
const pool = new RecyclingPool(origin, { maxAge: 300_000, maxRequests: 10_000 })
const slot = { server: { name: origin.host, pool }, waitedMs: 0, release() {} }
const reserver = {
  tryReserve: () => slot,
  wait: async () => slot,
  mayRetry: () => false,
  retries: { succeeded: 0, failed: 0 },
}

const app = fastify({ logger: true })
await app.register(forward, { bodyLimit: 1_048_576 })
app.addHook('onClose', () => pool.close())

await app.register(async (scope) => {
  // Bodies go through untouched, whatever they are.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  scope.all('/api/*', (_request, reply) => {
    reply.forward({ reserver, timeouts: { headers: 30_000, body: 30_000, request: 60_000 } })
  })
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
