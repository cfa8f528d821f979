/**
 * A gateway in code: a Fastify application, which takes any plugin, any hook and any route.
 *
 *     node examples/gateway.ts
 */
import { createGateway, defineConfig } from '../src/index.ts' // in a project of your own: 'headgate'
import { sampleServer } from './sample-server.ts'

const servers = [
  { url: await sampleServer('large'), weight: 3 },
  { url: await sampleServer('small'), weight: 1 },
]

const gateway = await createGateway(
  defineConfig({ upstreams: { app: { servers } }, routes: [{ path: '/', upstream: 'app' }] }),
)
await gateway.register(import('@fastify/rate-limit'), { max: 1000 })
gateway.get('/hello', async () => ({ hello: 'from the gateway itself' }))

await gateway.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) })
