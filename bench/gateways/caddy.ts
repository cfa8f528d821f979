import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf, versionOf } from '../machine/installed.ts'
import type { Gateway, Setup } from './gateway.ts'

export interface CaddyOptions {
  name: string
  /** The policy of its `reverse_proxy`. Default: its own, `random`. */
  policy?: object
}

/** Caddy on one core. As it comes it writes no access lines, and stores no responses. */
export function caddy({ name, policy = { policy: 'random' } }: CaddyOptions): Gateway {
  const configure = (setup: Setup) => JSON.stringify(configuration(setup, policy))
  return {
    name,
    canCache: false,
    version: () => versionOf('caddy', ['version'], /v?(\d[\d.]*)/),
    launch(setup) {
      const file = join(setup.folder, 'caddy.json')
      const home = join(setup.folder, 'home')
      mkdirSync(home, { recursive: true })
      writeFileSync(file, configure(setup))
      return {
        command: pathOf('caddy') as string,
        args: ['run', '--config', file],
        env: { GOMAXPROCS: '1', HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
      }
    },
    async relist(setup) {
      const response = await fetch(`http://${admin(setup)}/load`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: configure(setup),
      })
      if (!response.ok) throw new Error(`Caddy refused its list of servers: ${await response.text()}`)
    },
  }
}

function admin({ adminPort }: Setup): string {
  return `127.0.0.1:${adminPort}`
}

function configuration(setup: Setup, policy: object): object {
  const { port, origins } = setup
  return {
    admin: { listen: admin(setup) },
    logging: { logs: { default: { level: 'ERROR' } } },
    apps: {
      http: {
        servers: {
          front: {
            listen: [`127.0.0.1:${port}`],
            automatic_https: { disable: true },
            protocols: ['h1'],
            routes: [
              {
                handle: [
                  {
                    handler: 'reverse_proxy',
                    transport: { protocol: 'http', keep_alive: { max_idle_conns_per_host: 256 } },
                    load_balancing: { selection_policy: policy },
                    upstreams: origins
                      .filter(({ isListed = true }) => isListed)
                      .map((origin) => ({ dial: `${origin.host}:${origin.port}` })),
                  },
                ],
              },
            ],
          },
        },
      },
    },
  }
}
