import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { ConfigInput } from '../../src/config/schema.ts'
import { createGateway } from '../../src/gateway.ts'
import { listen } from './bare-server.ts'

type ServerInput = NonNullable<ConfigInput['server']>
type UpstreamInput = ConfigInput['upstreams'][string]

export interface GatewayInput {
  server?: ServerInput
  upstream?: Partial<UpstreamInput>
  config?: Partial<ConfigInput>
  /** Called before it listens, for plugins and hooks. */
  prepare?: (app: FastifyInstance) => unknown
}

export interface StartedGateway {
  app: FastifyInstance
  port: number
  url: string
  close(): Promise<void>
}

/** A gateway around servers on loopback, with one route for everything and no cache unless a test wants one. */
export async function startGateway(
  ports: readonly number[],
  input: GatewayInput = {},
): Promise<StartedGateway> {
  const { server, upstream, config, prepare } = input
  const app = await createGateway(
    {
      server: { host: '127.0.0.1', port: 0, shutdownGrace: 50, ...server },
      upstreams: {
        app: {
          servers: ports.map((port) => ({ url: `http://127.0.0.1:${port}` })),
          balance: { algorithm: 'round-robin', slowStart: 0 },
          health: { ejection: false },
          ...upstream,
        },
      },
      routes: [{ path: '/', upstream: 'app' }],
      cache: { mode: 'off' },
      ...config,
    },
    { logger: pino({ level: process.env.TEST_LOG ?? 'silent' }) },
  )
  await prepare?.(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}`, close: () => app.close() }
}

/** A gateway before a server that answers so; both end with the test. */
export async function startBefore(
  t: TestContext,
  handle: RequestListener,
  input: GatewayInput = {},
): Promise<StartedGateway> {
  const gateway = await startGateway([await listen(t, createServer(handle))], input)
  t.after(() => gateway.close())
  return gateway
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A figure of the gateway's own metrics; the sum over all labels where there are several. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  let sum = 0
  for (const line of text.split('\n')) {
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      sum += Number(line.slice(line.lastIndexOf(' ')))
  }
  return sum
}
