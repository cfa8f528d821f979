import type { Server } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { CertificateWatch } from './certificate-watch.ts'
import { readTls } from './certificates.ts'
import { systemClock } from './clock.ts'
import type { ServerConfig } from './config/schema.ts'
import { drawAge } from './edge/connection-age.ts'
import { applyLimits, createEdgeServer, type EdgeOptions } from './edge/edge-server.ts'
import { ClientSessions } from './edge/http2/client-sessions.ts'
import { Listener } from './edge/listener/listener.ts'
import type { Handle } from './edge/reception.ts'
import { renewTicketKeys, TicketKeys } from './edge/tls/ticket-keys.ts'
import type { TlsSettings } from './edge/tls/tls-door.ts'
import { trustPeers } from './edge/trust.ts'
import { type Redirect, redirectToHttps } from './redirect.ts'

export interface FrontOptions {
  /** Read whenever a setting is needed. */
  settings: () => ServerConfig
  edge: Omit<EdgeOptions, 'limits'>
  log: FastifyBaseLogger
  /** Those of all processes that serve as one. Default: keys of its own, which it renews. */
  ticketKeys?: TicketKeys | undefined
}

/**
 * What clients connect to. Without `server.tls` and `server.proxyProtocol` it is Node's HTTP server and nothing else.
 */
export class Front {
  readonly #options: FrontOptions
  readonly #http: Server[] = []
  readonly #listeners: Listener[] = []
  readonly #watch: CertificateWatch | undefined
  readonly #ticketKeys: TicketKeys
  readonly #endRenewal: () => void
  #tls: TlsSettings | undefined

  /** @throws ConfigError for certificates that cannot be used */
  constructor(options: FrontOptions) {
    this.#options = options
    const { ticketKeys } = options
    this.#ticketKeys = ticketKeys ?? new TicketKeys()
    this.#endRenewal = ticketKeys === undefined ? renewTicketKeys(this.#ticketKeys, systemClock) : () => {}
    const { tls } = options.settings()
    if (tls === undefined) return
    this.#tls = readTls(tls)
    this.#watch = new CertificateWatch(tls, options.log, (next) => this.#changeTls(next))
  }

  /** The server of a gateway; Fastify asks for one for each address that it listens on. */
  createServer(handle: Handle): Server {
    const { edge, settings } = this.#options
    const options = { ...edge, limits: settings }
    const http1 = createEdgeServer(handle, options)
    this.#http.push(http1)
    const { handshakeTimeout } = settings().tls ?? {}
    const { proxyProtocol } = settings()
    const tls = this.#tls && {
      settings: this.#tls,
      ticketKeys: this.#ticketKeys,
      handshakeTimeout: handshakeTimeout ?? 0,
    }
    if (tls === undefined && proxyProtocol === false) return http1
    const http2 = new ClientSessions(handle, {
      ...options,
      http2: () => ({ ...settings(), ...settings().http2 }),
      drawAge: () => drawAge(settings().maxConnectionAge),
    })
    const listener = new Listener({
      http1,
      http2,
      tls,
      proxies: proxyProtocol === false ? undefined : trustPeers(proxyProtocol),
      headersTimeout: () => settings().headersTimeout,
      maxConnectionsPerAddress: () => settings().maxConnectionsPerAddress,
      onRefused: (why, cause) => this.#options.log.debug({ err: cause }, why),
    })
    this.#listeners.push(listener)
    this.#limitConnections(listener)
    return listener as unknown as Server
  }

  /** The listener that sends everybody from HTTP to HTTPS, where the configuration has one. */
  redirect(securePort: () => number): Redirect | undefined {
    const { edge, settings } = this.#options
    const { host, tls } = settings()
    if (tls?.redirectFrom === undefined) return undefined
    return redirectToHttps({ host, port: tls.redirectFrom }, securePort, { ...edge, limits: settings })
  }

  /** Begins to look after the files of certificates. */
  start(): void {
    this.#watch?.start()
  }

  /**
   * Reads what another configuration needs, and gives what puts it in force once it is that of the gateway.
   *
   * @throws ConfigError for certificates that cannot be used
   */
  prepare({ tls }: ServerConfig): () => void {
    const next = tls === undefined || this.#tls === undefined ? undefined : readTls(tls)
    return () => {
      for (const server of this.#http) applyLimits(server, this.#options.settings())
      for (const listener of this.#listeners) this.#limitConnections(listener)
      if (tls === undefined || next === undefined) return
      this.#changeTls(next)
      this.#watch?.follow(tls)
    }
  }

  async close(): Promise<void> {
    this.#endRenewal()
    await this.#watch?.close()
  }

  #changeTls(settings: TlsSettings): void {
    this.#tls = settings
    for (const listener of this.#listeners) listener.changeTls(settings)
  }

  #limitConnections(listener: Listener): void {
    listener.maxConnections = this.#options.settings().maxConnections || Number.POSITIVE_INFINITY
  }
}
