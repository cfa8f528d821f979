import type { TlsOptions } from './dialer.ts'
import type { RecyclingPoolOptions } from './pool-options.ts'
import { RecyclingPool } from './recycling-pool.ts'

/** Where a server is. */
export interface ServerAddress {
  protocol: 'http:' | 'https:'
  /** The name or the address that is dialled. */
  host: string
  port: number
  /** The name to ask for and to verify over TLS, where `host` is an address that was got from a name. */
  servername?: string | undefined
}

/** The pool of one server. A server's own name goes before the one in the TLS settings. */
export function openPool(server: ServerAddress, options: RecyclingPoolOptions = {}): RecyclingPool {
  return new RecyclingPool(originOf(server), { ...options, tls: tlsOf(server, options.tls) })
}

function originOf({ protocol, host, port }: ServerAddress): string {
  return `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`
}

function tlsOf({ servername }: ServerAddress, tls: TlsOptions | undefined): TlsOptions | undefined {
  return servername === undefined ? tls : { ...tls, servername }
}
