import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { SecureContexts, type TlsTerms } from './secure-contexts.ts'
import type { TicketKeys } from './ticket-keys.ts'

export interface TlsSettings extends TlsTerms {
  certificates: readonly [Certificate, ...Certificate[]]
  /** Whether a client without a certificate of its own is let in. */
  clientCertificate: 'optional' | 'required'
}

export interface TlsDoorOptions {
  settings: TlsSettings
  ticketKeys: TicketKeys
  /** Time for a handshake, ms. */
  handshakeTimeout: number
  onSecure: (socket: TLSSocket) => void
  /** A handshake has failed; the connection is closed. */
  onFailed: (error: Error) => void
}

/** Turns connections into secure ones: HTTP/2 or HTTP/1.1 by ALPN, the certificate by SNI. */
export class TlsDoor {
  readonly #server: Server
  readonly #ticketKeys: TicketKeys
  readonly #endTicketKeys: () => void
  #contexts: SecureContexts

  constructor({ settings, ticketKeys, handshakeTimeout, onSecure, onFailed }: TlsDoorOptions) {
    this.#contexts = new SecureContexts(settings.certificates, settings)
    this.#server = createServer({
      ...this.#contexts.defaults,
      ...clientOptions(settings),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout,
      ticketKeys: ticketKeys.current,
      SNICallback: (servername, done) => done(null, this.#contexts.find(servername)),
    })
    this.#server.on('secureConnection', (socket) => {
      // Optional is a certificate, not its truth.
      if (socket.authorizationError != null && hasCertificate(socket)) socket.destroy()
      else onSecure(socket)
    })
    this.#server.on('tlsClientError', (error, socket) => {
      socket.destroy()
      onFailed(error)
    })
    this.#ticketKeys = ticketKeys
    this.#endTicketKeys = ticketKeys.follow((keys) => this.#server.setTicketKeys(keys))
  }

  /** Begins the handshake on a connection. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket)
  }

  /** From the next handshake on; connections that stand keep what they have. */
  change(settings: TlsSettings): void {
    this.#contexts = new SecureContexts(settings.certificates, settings)
    this.#server.setSecureContext({ ...this.#contexts.defaults, ticketKeys: this.#ticketKeys.current })
    Object.assign(this.#server, clientOptions(settings))
  }

  close(): void {
    this.#endTicketKeys()
  }
}

function clientOptions({ clientCa, clientCertificate }: TlsSettings) {
  return { requestCert: clientCa !== undefined, rejectUnauthorized: clientCertificate === 'required' }
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0
}
