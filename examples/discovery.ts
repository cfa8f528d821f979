/**
 * Discovery alone: an application that always knows which servers there are. Change examples/servers.yaml while it runs.
 *
 *     node examples/discovery.ts
 *     curl http://127.0.0.1:3000/servers
 */
import fastify from 'fastify'
import { discovery } from '../src/index.ts' // in a project of your own: 'headgate'

const app = fastify({ logger: true })
const servers = new Map<string, string[]>()

await app.register(discovery, {
  upstreams: { app: { kind: 'file', path: `${import.meta.dirname}/servers.yaml` } },
  onServers: (upstream, list) =>
    servers.set(
      upstream,
      list.map(({ name, weight }) => `${name} (${weight})`),
    ),
})

app.get('/servers', async () => ({
  state: app.discovery.get('app')?.roster.state,
  servers: servers.get('app') ?? [],
}))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
