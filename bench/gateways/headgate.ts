import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../../src/version.ts'
import type { Gateway, Origin, Setup } from './gateway.ts'

export interface HeadgateOptions {
  name: string
  /** Write access lines. Default true, as it comes. */
  hasAccessLog?: boolean
  algorithm?: string
  /** Requests that a server gets at one time: its slots, times this. Default: as it comes. */
  slotFactor?: number
  /** Processes that share the port. Default: one. */
  workers?: number
  /** Options of Node for the process, such as those of its profiler. */
  nodeOptions?: readonly string[]
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The gateway of this repository, started as its users start it: JSON lines to a file of standard output. */
export function headgate(options: HeadgateOptions): Gateway {
  const { name, hasAccessLog = true, nodeOptions = [] } = options
  const fileOf = ({ folder }: Setup) => join(folder, 'headgate.json')
  const configure = (setup: Setup) =>
    writeFileSync(fileOf(setup), JSON.stringify(configuration(setup, options), undefined, 2))
  return {
    name,
    canCache: true,
    baseline: hasAccessLog ? 'nginx' : 'nginx, no log',
    version: () => version,
    launch(setup) {
      configure(setup)
      return { command: process.execPath, args: [...nodeOptions, main, '--config', fileOf(setup)] }
    },
    relist(setup, signal) {
      configure(setup)
      signal('SIGHUP')
    },
  }
}

function configuration(
  setup: Setup,
  { hasAccessLog = true, algorithm, slotFactor, workers }: HeadgateOptions,
): object {
  const { port, origins, tls, cache = false, cacheEntries, maxAge, routes = ['/'] } = setup
  const server = ({ host, port, slots = 1 }: Origin) => ({ url: `http://${host}:${port}`, weight: slots })
  const slots = origins[0]?.slots
  return {
    server: {
      host: '127.0.0.1',
      port,
      ...(workers !== undefined && { workers }),
      ...(tls && { tls }),
    },
    upstreams: {
      app: {
        servers: origins.filter(({ isListed = true }) => isListed).map(server),
        ...(algorithm !== undefined && { balance: { algorithm } }),
        ...(maxAge !== undefined && { connections: { maxAge } }),
        ...(slotFactor !== undefined &&
          slots !== undefined && { limits: { maxInFlight: slots * slotFactor } }),
      },
    },
    routes: routes.map((path) => ({ path, upstream: 'app' })),
    cache: {
      mode: cache ? 'static' : 'off',
      ...(cacheEntries !== undefined && { maxEntries: cacheEntries, maxBytes: '2gb' }),
    },
    logging: { access: hasAccessLog },
  }
}
