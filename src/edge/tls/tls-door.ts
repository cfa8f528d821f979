import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { SecureContexts, type TlsTerms } from './secure-contexts.ts'

export interface TlsSettings extends TlsTerms {
  certificates: readonly [Certificate, ...Certificate[]]
  /** Whether a client without a certificate of its own is let in. */
  clientCertificate: 'optional' | 'required'
}

export interface TlsDoorOptions {
  settings: TlsSettings
  /** Time for a handshake, ms. */
  handshakeTimeout: number
  onSecure: (socket: TLSSocket) => void
  /** A handshake has failed; the connection is closed. */
  onFailed: (error: Error) => void
}

/** Keys of session tickets live this long, ms: forward secrecy ends with them. */
const ticketKeysMs = 12 * 60 * 60 * 1000
const ticketKeysBytes = 48

/** Turns connections into secure ones: HTTP/2 or HTTP/1.1 by ALPN, the certificate by SNI. */
export class TlsDoor {
  readonly #server: Server
  readonly #rotation: NodeJS.Timeout
  #contexts: SecureContexts
  #ticketKeys = randomBytes(ticketKeysBytes)

  constructor({ settings, handshakeTimeout, onSecure, onFailed }: TlsDoorOptions) {
    this.#contexts = new SecureContexts(settings.certificates, settings)
    this.#server = createServer({
      ...this.#contexts.defaults,
      ...clientOptions(settings),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout,
      ticketKeys: this.#ticketKeys,
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
    this.#rotation = setInterval(() => {
      this.#ticketKeys = randomBytes(ticketKeysBytes)
      this.#server.setTicketKeys(this.#ticketKeys)
    }, ticketKeysMs).unref()
  }

  /** Begins the handshake on a connection. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket)
  }

  /** From the next handshake on; connections that stand keep what they have. */
  change(settings: TlsSettings): void {
    this.#contexts = new SecureContexts(settings.certificates, settings)
    this.#server.setSecureContext({ ...this.#contexts.defaults, ticketKeys: this.#ticketKeys })
    Object.assign(this.#server, clientOptions(settings))
  }

  close(): void {
    clearInterval(this.#rotation)
  }
}

function clientOptions({ clientCa, clientCertificate }: TlsSettings) {
  return { requestCert: clientCa !== undefined, rejectUnauthorized: clientCertificate === 'required' }
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0
}
