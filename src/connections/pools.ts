import type { TlsOptions } from './dialer.ts'
import type { Http2PoolOptions } from './http2/http2-options.ts'
import { Http2Pool } from './http2/http2-pool.ts'
import type { RecyclingPoolOptions } from './pool-options.ts'
import { RecyclingPool } from './recycling-pool.ts'
import type { ServerPool } from './server-pool.ts'

/** Where a server is. */
export interface ServerAddress {
  protocol: 'http:' | 'https:'
  /** The name or the address that is dialled. */
  host: string
  port: number
  /** The name to ask for and to verify over TLS, where `host` is an address that was got from a name. */
  servername?: string | undefined
}

export interface PoolOptions extends RecyclingPoolOptions, Http2PoolOptions {
  /** Speak HTTP/2 to the server. Default false. */
  http2?: boolean | undefined
}

/** The pool of one server. A server's own name goes before the one in the TLS settings. */
export function openPool(server: ServerAddress, { http2 = false, ...options }: PoolOptions = {}): ServerPool {
  const settings = { ...options, tls: tlsOf(server, options.tls) }
  return http2 ? new Http2Pool(originOf(server), settings) : new RecyclingPool(originOf(server), settings)
}

function originOf({ protocol, host, port }: ServerAddress): string {
  return `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`
}

function tlsOf({ servername }: ServerAddress, tls: TlsOptions | undefined): TlsOptions | undefined {
  return servername === undefined ? tls : { ...tls, servername }
}
