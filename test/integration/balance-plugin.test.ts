import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import balance from '../../plugins/balance.ts'
import forward from '../../plugins/forward.ts'
import type { ServerSpec } from '../../src/balance/server.ts'
import { listen } from '../helpers/bare-server.ts'

async function start(t: TestContext, weight: number): Promise<ServerSpec> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ port: (request.socket.address() as AddressInfo).port }))
  })
  const port = await listen(t, server)
  return { name: `127.0.0.1:${port}`, protocol: 'http:', host: '127.0.0.1', port, weight, draining: false }
}

test('any Fastify application gets upstreams, which forward by weight and close with it', async (t) => {
  const servers = [await start(t, 3), await start(t, 1)]
  const lines: Record<string, unknown>[] = []
  const app = fastify({ logger: { stream: { write: (line: string) => void lines.push(JSON.parse(line)) } } })
  t.after(() => app.close())
  // The one that keeps to the weights, whatever a busy machine does to latencies.
  await app.register(balance, { upstreams: { app: { servers, balance: { algorithm: 'round-robin' } } } })
  await app.register(forward)
  app.get('/', (_request, reply) => {
    const reserver = app.upstreams.get('app')!
    reply.forward({ reserver, timeouts: { headers: 5_000, body: 5_000, request: 5_000 } })
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const counts = new Map<number, number>()
  for (let count = 0; count < 40; count++) {
    const { port } = (await (await fetch(url)).json()) as { port: number }
    counts.set(port, (counts.get(port) ?? 0) + 1)
  }
  assert.deepEqual(
    servers.map(({ port }) => counts.get(port)),
    [30, 10],
  )
  const upstream = app.upstreams.get('app')!
  assert.equal(upstream.inFlight, 0)
  assert.ok(lines.some(({ event, server }) => event === 'joined' && server === servers[0]!.name))
  await app.close()
  assert.throws(() => upstream.tryReserve({}), { code: 'HEADGATE_NO_SERVER' })
})
