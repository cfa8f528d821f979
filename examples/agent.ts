/**
 * A deployment agent alone, for tests and for development: whoever opens `ws://127.0.0.1:2547/ws` gets the list of
 * servers, at once and then every two seconds.
 *
 *     node examples/agent.ts
 *     curl -X POST http://127.0.0.1:2547/servers/worker-2/sundown
 */
import fastify from 'fastify'
import { agent } from '../src/index.ts' // in a project of your own: 'headgate'

const app = fastify({ logger: true })
await app.register(agent, {
  servers: [
    { dns_name: 'worker-1', score: 80, utilization_category: 'LU' },
    { dns_name: 'worker-2', score: 40, utilization_category: 'MU' },
  ],
})

app.post<{ Params: { name: string } }>('/servers/:name/sundown', async ({ params }) => {
  const servers = app.agent.servers.map((server) =>
    server.dns_name === params.name ? { ...server, utilization_category: 'SUNDOWN' as const } : server,
  )
  app.agent.setServers(servers)
  return servers
})

await app.listen({ port: Number(process.env.PORT ?? 2547) })
