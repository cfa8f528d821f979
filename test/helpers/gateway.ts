import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import agent from '../../plugins/agent.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { createGateway } from '../../src/gateway.ts'
import { listen } from './bare-server.ts'

/** A server behind a gateway, and what has reached it. */
export interface Origin {
  url: string
  /** `127.0.0.1:port` */
  name: string
  server: Server
  /** Every request that has arrived, in order. */
  requests: IncomingMessage[]
}

/** A real server on loopback that the test's end closes. */
export async function startOrigin(
  t: TestContext,
  listener: RequestListener = (_request, response) => response.end('ok'),
): Promise<Origin> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  const name = `127.0.0.1:${await listen(t, server)}`
  return { url: `http://${name}`, name, server, requests }
}

/** A gateway's log lines, parsed. */
export type LogLine = Record<string, unknown> & { msg: string }

export interface StartedGateway {
  app: FastifyInstance
  url: string
  port: number
  /** What the gateway has logged so far. */
  log: LogLine[]
}

/** A configuration with one upstream and one route, and whatever else a test needs. */
export function configFor(
  origins: readonly Pick<Origin, 'url'>[],
  extra: Partial<ConfigInput> & { upstream?: Partial<ConfigInput['upstreams'][string]> } = {},
): ConfigInput {
  const { upstream, ...rest } = extra
  return {
    upstreams: { app: { servers: origins.map(({ url }) => ({ url })), ...upstream } },
    routes: [{ path: '/', upstream: 'app' }],
    ...rest,
  }
}

/** A gateway on a free port of loopback, with little patience at its end; the test's end closes it. `prepare` may add to it before it listens. */
export async function startGateway(
  t: TestContext,
  config: ConfigInput,
  prepare: (app: FastifyInstance) => unknown = () => {},
): Promise<StartedGateway> {
  const log: LogLine[] = []
  const logger = pino(
    { level: config.logging?.level ?? 'info' },
    { write: (line: string) => log.push(JSON.parse(line)) },
  )
  const app = await createGateway(
    { ...config, server: { host: '127.0.0.1', port: 0, shutdownGrace: 200, ...config.server } },
    { folder: import.meta.dirname, logger },
  )
  t.after(() => app.close())
  await prepare(app)
  await app.listen()
  const { port } = app.server.address() as AddressInfo
  return { app, url: `http://127.0.0.1:${port}`, port, log }
}

/** Reads one sample from `/metrics`; 0 where there is none. */
export async function metric(gateway: Pick<StartedGateway, 'url'>, sample: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `))
  return line === undefined ? 0 : Number(line.slice(sample.length + 1))
}

/** A listener that answers with what it was asked, as JSON. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url, headers } = request
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') }))
  })
}

/** A deployment agent that names these servers. */
export async function startAgent(
  t: TestContext,
  origins: readonly Pick<Origin, 'url'>[],
): Promise<{ url: string; app: FastifyInstance }> {
  const app = fastify()
  await app.register(agent, {
    servers: origins.map(({ url }) => ({
      dns_name: new URL(url).hostname,
      port: Number(new URL(url).port),
      score: 50,
      utilization_category: 'LU' as const,
    })),
  })
  t.after(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { url: `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`, app }
}

/** Tries again until nothing is thrown; the last error, if that never happens. For what has no event to wait for. */
export async function eventually(check: () => unknown, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
