import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathOf, versionOf } from '../machine/installed.ts'
import type { Gateway, Origin, Setup } from './gateway.ts'

export interface HaproxyOptions {
  name: string
  balance?: string
  /** Give each server `maxconn` as many requests as it has slots, times this; the rest queue. */
  slotFactor?: number
}

/** HAProxy with one thread, connections to servers kept and shared. As it comes it writes no access lines. */
export function haproxy({ name, balance = 'roundrobin', slotFactor }: HaproxyOptions): Gateway {
  return {
    name,
    canCache: true,
    version: () => versionOf('haproxy', ['-v'], /version ([\d.]+)/),
    launch(setup) {
      const file = join(setup.folder, 'haproxy.cfg')
      writeFileSync(file, configuration(setup, balance, slotFactor))
      return { command: pathOf('haproxy') as string, args: ['-db', '-f', file] }
    },
    async relist({ folder, origins }) {
      for (const [index, { isListed = true }] of origins.entries()) {
        await command(
          join(folder, 'control'),
          `set server app/s${index} state ${isListed ? 'ready' : 'maint'}`,
        )
      }
    },
  }
}

function configuration(setup: Setup, balance: string, slotFactor: number | undefined): string {
  const { port, folder, origins, cache = false, cacheEntries, routes } = setup
  const server = ({ host, port, slots = 1, isListed = true }: Origin, index: number) => {
    const limit = slotFactor === undefined ? '' : ` maxconn ${slots * slotFactor}`
    return `  server s${index} ${host}:${port} weight ${slots}${limit}${isListed ? '' : ' disabled'}`
  }
  return `global
  nbthread 1
  maxconn 9000
  stats socket ${folder}/control level admin
cache assets
  total-max-size ${cacheEntries === undefined ? 64 : 512}
  max-object-size 1000000
  max-age 3600
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue 10s
  option forwardfor
frontend front
  bind 127.0.0.1:${port} backlog 4096
  http-request set-header X-Forwarded-Proto http
${(routes ?? []).map((path) => `  use_backend app if { path_beg ${path} }`).join('\n')}
  default_backend app
backend app
  balance ${balance}
  http-reuse always
${cache ? '  http-request cache-use assets\n  http-response cache-store assets' : ''}
${origins.map(server).join('\n')}
`
}

function command(socketPath: string, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.end(`${line}\n`))
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.resume()
  })
}
