import { isDeepStrictEqual } from 'node:util'
import { type Affinity, affinityOf } from './affinity.ts'
import type { Config } from './config/schema.ts'
import { type Trust, trustPeers } from './edge/trust.ts'
import { buildRoutes, type Route } from './routes.ts'
import type { RouteTable } from './routing/route-table.ts'

/** What of a configuration only a new process can change. */
const fixed: readonly (readonly [path: string, read: (config: Config) => unknown])[] = [
  ['server.host', ({ server }) => server.host],
  ['server.port', ({ server }) => server.port],
  ['server.workers', ({ server }) => server.workers],
  ['server.tls', ({ server }) => server.tls !== undefined],
  ['server.tls.handshakeTimeout', ({ server }) => server.tls?.handshakeTimeout],
  ['server.tls.redirectFrom', ({ server }) => server.tls?.redirectFrom],
  ['server.proxyProtocol', ({ server }) => server.proxyProtocol],
  ['server.maxHeaderSize', ({ server }) => server.maxHeaderSize],
  ['admin', ({ admin }) => admin],
  ['plugins', ({ plugins }) => plugins],
  ['tracing', ({ tracing }) => tracing],
]

/** Names what of the difference between two configurations only a new process can bring about. */
export function changedFixed(before: Config, after: Config): string[] {
  return fixed.filter(([, read]) => !isDeepStrictEqual(read(before), read(after))).map(([path]) => path)
}

/** The configuration that is in force, and what is made of it once instead of at each request. */
export class LiveSettings {
  readonly #started: Config
  #config: Config
  #routes: RouteTable<Route>
  #trust: Trust
  #isCaching: boolean
  #affinities: ReadonlyMap<string, Affinity>

  constructor(config: Config) {
    this.#started = config
    this.#config = config
    this.#routes = buildRoutes(config.routes)
    this.#trust = trustPeers(config.server.trustProxy)
    this.#isCaching = mayCache(config)
    this.#affinities = affinitiesOf(config)
  }

  get config(): Config {
    return this.#config
  }

  get routes(): RouteTable<Route> {
    return this.#routes
  }

  /** Whether any route may store responses. */
  get isCaching(): boolean {
    return this.#isCaching
  }

  /** Which server of an upstream a client goes back to; undefined where it does not matter. */
  affinity(upstream: string): Affinity | undefined {
    return this.#affinities.get(upstream)
  }

  /** Whose forwarding fields are believed. */
  readonly trust: Trust = (address) => this.#trust(address)

  /** Puts another configuration in force, but for what is fixed, and names what of that differs from how it began. */
  replace(config: Config): string[] {
    const needsRestart = changedFixed(this.#started, config)
    this.#routes = buildRoutes(config.routes)
    this.#trust = trustPeers(config.server.trustProxy)
    this.#isCaching = mayCache(config)
    this.#affinities = affinitiesOf(config)
    this.#config = config
    return needsRestart
  }
}

function mayCache({ routes, cache }: Config): boolean {
  return routes.some((route) => (route.cache ?? cache.mode) !== 'off')
}

function affinitiesOf({ upstreams }: Config): ReadonlyMap<string, Affinity> {
  const affinities = new Map<string, Affinity>()
  for (const [name, { balance }] of Object.entries(upstreams)) {
    const affinity = affinityOf(balance)
    if (affinity !== undefined) affinities.set(name, affinity)
  }
  return affinities
}
