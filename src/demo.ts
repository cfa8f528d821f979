import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { styleText } from 'node:util'
import fastify, { type FastifyInstance } from 'fastify'
import agentPlugin from '../plugins/agent.ts'
import { exposeMetrics } from '../plugins/metrics.ts'
import { defineConfig } from './config/resolve.ts'
import { portOrAny } from './demo/free-port.ts'
import { ledgerLine, type Reading } from './demo/ledger.ts'
import { SampleServer } from './demo/sample-server.ts'
import { announce, type Member, story } from './demo/schedule.ts'
import { readSite } from './demo/site.ts'
import { createGateway } from './gateway.ts'
import { listenFault } from './listen-fault.ts'

export interface DemoOptions {
  /** @default '127.0.0.1' */
  host?: string
  /** Another port is used where this one is taken. @default 8080 */
  port?: number
  print: (text: string) => void
  hasColors: boolean
  /** The scores stand still, nobody leaves, and there are no requests but those that come from outside. */
  isSteady: boolean
}

/** The servers, and how much each of them can bear: scores say the same as slots. */
const samples = [
  { name: 'amber', color: '#f5b83d', ink: 'yellow', slots: 12, score: 60, swing: 3, leaves: false },
  { name: 'teal', color: '#3dd6c0', ink: 'cyan', slots: 6, score: 30, swing: 2, leaves: false },
  { name: 'violet', color: '#a78bfa', ink: 'magenta', slots: 3, score: 15, swing: 1, leaves: true },
] as const

/** Milliseconds that one request takes a server. */
const workMs = 15
/** Milliseconds between two requests of the demo's own. */
const trafficMs = 60
const tableMs = 1_000

/** Three servers, an agent that announces them, and a gateway in front, all in one process. */
export class Demo {
  readonly url: string
  readonly #dashboard: string
  readonly #token: string
  readonly gateway: FastifyInstance
  readonly #options: DemoOptions
  readonly #agent: FastifyInstance
  readonly #servers: readonly SampleServer[]
  readonly #members: readonly Member[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #startedAt = performance.now()

  constructor(parts: {
    url: string
    dashboard: string
    token: string
    gateway: FastifyInstance
    agent: FastifyInstance
    servers: readonly SampleServer[]
    members: readonly Member[]
    options: DemoOptions
  }) {
    this.url = parts.url
    this.#dashboard = parts.dashboard
    this.#token = parts.token
    this.gateway = parts.gateway
    this.#options = parts.options
    this.#agent = parts.agent
    this.#servers = parts.servers
    this.#members = parts.members
    if (this.#options.isSteady) return
    this.#every(1_000, () => this.#agent.agent.setServers(announce(this.#members, this.elapsedMs)))
    this.#every(trafficMs, () => void this.#request())
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  /** The score of each server by its name, as the agent announced it last. */
  get scores(): ReadonlyMap<string, number> {
    return new Map(this.#agent.agent.servers.map(({ score }, index) => [this.#nameOf(index), score]))
  }

  /** Tells what to open, and then each second where requests went. */
  async show(): Promise<void> {
    const { print } = this.#options
    print(introduction(this.url, this.#dashboard, this.#token))
    let before = await this.read()
    this.#every(tableMs, async () => {
      const now = await this.read()
      print(`${ledgerLine(before, now, this.elapsedMs, (server, bar) => this.#paint(server, bar))}\n`)
      before = now
    })
  }

  /** What the gateway has counted, from its own metrics. */
  async read(): Promise<Reading> {
    const metrics = await this.gateway.metrics.registry.getMetricsAsJSON()
    const sum = (metric: string, labels: Record<string, string>) => {
      const values = metrics.find(({ name }) => name === metric)?.values ?? []
      const matching = values.filter(({ labels: own }) =>
        Object.entries(labels).every(([key, value]) => own[key] === value),
      )
      return matching.reduce((total, { value }) => total + Number(value), 0)
    }
    return {
      servers: this.#agent.agent.servers.map(({ port, score, utilization_category: category }, index) => ({
        name: this.#nameOf(index),
        score: category === 'SUNDOWN' ? category : score.toFixed(0),
        requests: sum('headgate_upstream_requests_total', { server: `127.0.0.1:${port}` }),
      })),
      cacheHits: sum('headgate_cache_requests_total', { result: 'hit' }),
      connections: sum('headgate_upstream_connections_opened_total', {}),
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.gateway.close()
    await this.#agent.close()
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  /** A visitor: mostly pages, now and then an asset. */
  async #request(): Promise<void> {
    const path = Math.random() < 0.25 ? '/assets/style.css' : '/'
    await fetch(new URL(path, this.url)).then(
      (response) => response.arrayBuffer(),
      () => undefined,
    )
  }

  #every(intervalMs: number, work: () => unknown): void {
    this.#timers.push(setInterval(work, intervalMs))
  }

  #nameOf(index: number): string {
    return this.#members[index]?.name ?? ''
  }

  #paint(server: string, bar: string): string {
    const ink = samples.find(({ name }) => name === server)?.ink
    return this.#options.hasColors && ink !== undefined ? styleText(ink, bar, { validateStream: false }) : bar
  }
}

const defaultPort = 8080
const defaultAdminPort = 9901

/** Resolves once the gateway serves and knows its servers. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { host = '127.0.0.1', port = defaultPort } = options
  const site = await readSite()
  const servers = await Promise.all(
    samples.map(({ name, color, slots }) => SampleServer.listen({ name, color, slots, workMs, site })),
  )
  const members = samples.map((sample, index) => ({ ...sample, port: (servers[index] as SampleServer).port }))

  const agent: FastifyInstance = fastify({ forceCloseConnections: true })
  const calm = options.isSteady ? members.map((member) => ({ ...member, swing: 0 })) : members
  await agent.register(agentPlugin, { servers: announce(calm, 0) })
  const agentUrl = new URL('/ws', await agent.listen({ host: '127.0.0.1', port: 0 }))
  agentUrl.protocol = 'ws:'

  const freePort = await portOrAny(host, port)
  if (freePort !== port) options.print(`Port ${port} is taken; another one is used.\n`)
  const token = randomBytes(12).toString('hex')
  const adminPort = port === 0 ? 0 : await portOrAny('127.0.0.1', defaultAdminPort)
  const gateway = await createGateway(configOf({ host, port: freePort, adminPort, token, agentUrl }))
  // Beside the admin port, where they stand by themselves, so that everything is found at one address.
  exposeMetrics(gateway, () => gateway.headgate.fleet.metrics())
  const listening = gateway.listen().catch((error) => {
    throw listenFault(error)
  })
  const address = new URL(await listening)
  if (address.hostname === '0.0.0.0' || address.hostname === '[::]') address.hostname = 'localhost'
  const dashboard = `http://127.0.0.1:${(gateway.admin.server.address() as AddressInfo).port}`
  const demo = new Demo({ url: address.origin, dashboard, token, gateway, agent, servers, members, options })
  await untilReady(demo.url)
  return demo
}

interface Places {
  host: string
  port: number
  adminPort: number
  token: string
  agentUrl: URL
}

function configOf({ host, port, adminPort, token, agentUrl }: Places) {
  return defineConfig({
    server: { host, port },
    admin: { host: '127.0.0.1', port: adminPort, token },
    upstreams: {
      app: {
        discovery: { kind: 'agent', url: agentUrl.href, port: 80 },
        balance: { algorithm: 'weighted-random', slowStart: '3s' },
        connections: { maxAge: '20s', maxRequests: 500 },
      },
    },
    routes: [{ path: '/', upstream: 'app' }],
    logging: { level: 'error', access: false },
  })
}

async function untilReady(url: string): Promise<void> {
  while (!(await fetch(new URL('/readyz', url))).ok) await new Promise((resolve) => setTimeout(resolve, 20))
}

function introduction(url: string, dashboard: string, token: string): string {
  return `
headgate demo: three servers of unequal capacity, an agent that announces them, and the gateway in front

  the page      ${url}/
  dashboard     ${dashboard}/   (to drain or purge: ${token})
  health        ${url}/healthz
  readiness     ${url}/readyz
  metrics       ${url}/metrics

Scores move all the time. After ${story.leavesAtMs / 1000} s violet says SUNDOWN: it gets no new requests, and returns soon.
Each line below is one second: requests sent to servers; the score, and the share of the requests, of each server;
requests that the cache answered; connections to servers that were opened. Ctrl-C ends the demo.

`
}
