/**
 * Health alone: `/healthz` for whoever restarts the process, `/readyz` for whoever sends it traffic.
 *
 *     node examples/health.ts
 *     curl -i http://127.0.0.1:3000/readyz
 */
import fastify from 'fastify'
import { health } from '../src/index.ts' // in a project of your own: 'headgate'

const app = fastify({ logger: true })
let isWarm = false

await app.register(health, {
  version: '1.0.0',
  upstreams: () => ({
    database: { discovery: isWarm ? 'static' : 'waiting', ageSeconds: null, servers: { total: 1 } },
  }),
})
app.post('/warm', async () => {
  isWarm = true
  return { isWarm }
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
