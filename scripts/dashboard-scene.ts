import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import agent, { type AgentItem } from '../plugins/agent.ts'
import { createGateway } from '../src/gateway.ts'

/** A gateway in the middle of a day: two upstreams, one of them with servers that come, fail and drain. */
export interface Scene {
  gateway: FastifyInstance
  /** Lets clients come for so long. */
  play(durationMs: number): Promise<void>
  close(): Promise<void>
}

const workMs = [9, 14, 22, 17, 12]
/** The last one announces itself later. */
const scores = [88, 61, 34, 52, 70]
const failing = 3

export async function startScene(): Promise<Scene> {
  let isFailing = false
  const workers = await Promise.all(
    workMs.map((ms, index) => listen(ms, () => index === failing && isFailing)),
  )
  const apis = await Promise.all([listen(6), listen(7)])
  const items = workers.map(
    (server, index): AgentItem => ({
      dns_name: '127.0.0.1',
      port: portOf(server),
      score: scores[index] as number,
      utilization_category: 'LU',
    }),
  )
  const source: FastifyInstance = fastify({ forceCloseConnections: true })
  await source.register(agent, { servers: items.slice(0, -1) })
  const agentUrl = new URL('/ws', await source.listen({ port: 0, host: '127.0.0.1' }))
  agentUrl.protocol = 'ws:'

  const gateway = await createGateway(
    {
      server: { host: '127.0.0.1', port: 0, shutdownGrace: 100 },
      admin: { host: '127.0.0.1', port: 0, token: 'a-token-for-the-pictures' },
      upstreams: {
        app: {
          discovery: { kind: 'agent', url: agentUrl.href, port: 80 },
          balance: { algorithm: 'weighted-random', slowStart: '5s' },
          connections: { maxAge: '30s', minIdle: 24 },
        },
        api: {
          servers: apis.map((server) => ({ url: `http://127.0.0.1:${portOf(server)}` })),
          connections: { maxAge: '30s', minIdle: 12 },
        },
      },
      routes: [
        { path: '/', upstream: 'app', cache: 'all' },
        { path: '/api', upstream: 'api', cache: 'off' },
      ],
      logging: { level: 'silent' },
    },
    { logger: pino({ level: 'silent' }) },
  )
  await gateway.listen()
  const url = `http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`

  async function play(durationMs: number): Promise<void> {
    const end = Date.now() + durationMs
    const visit = async () => {
      while (Date.now() < end) {
        await (await fetch(url + nextPath())).arrayBuffer().catch(() => undefined)
        await pause(Math.random() * 60)
      }
    }
    const visitors = Array.from({ length: 9 }, visit)
    await pause(durationMs * 0.3)
    source.agent.setServers(items)
    await gateway.headgate.fleet.perform({
      kind: 'drain-server',
      upstream: 'app',
      server: `127.0.0.1:${portOf(workers[2] as Server)}`,
    })
    await pause(durationMs * 0.62)
    isFailing = true
    await Promise.all(visitors)
  }

  return {
    gateway,
    play,
    async close() {
      await gateway.close()
      await source.close()
      for (const server of [...workers, ...apis]) server.closeAllConnections()
      for (const server of [...workers, ...apis]) server.close()
    },
  }
}

function nextPath(): string {
  const draw = Math.random()
  if (draw < 0.3) return `/api/orders/${Math.floor(draw * 1e4)}`
  return draw < 0.75 ? `/assets/${Math.floor(draw * 40)}.css` : `/pages/${Math.floor(draw * 1e6)}`
}

async function listen(ms: number, fails: () => boolean = () => false): Promise<Server> {
  const server = createServer((request, response) => {
    if (fails()) return void response.writeHead(503).end()
    setTimeout(
      () => {
        if (request.url?.startsWith('/assets/')) response.setHeader('cache-control', 'max-age=12')
        response.end('x'.repeat(1 + Math.floor(Math.random() * 4_000)))
      },
      ms * (0.5 + Math.random()),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
