import net from 'node:net'
import tls from 'node:tls'
import { errors } from 'undici'
import type { Clock } from '../clock.ts'
import { addressesInTurn } from './address-turns.ts'
import { DirectSocket } from './direct-socket.ts'

export interface TlsOptions {
  /** Refuse a server whose certificate is not trusted. Default true. */
  verify?: boolean | undefined
  /** Certificates to trust instead of the system's, in PEM form. */
  ca?: string | Buffer | (string | Buffer)[] | undefined
  /** The certificate to show to the server, in PEM form. */
  cert?: string | Buffer | undefined
  /** The key of `cert`, in PEM form. */
  key?: string | Buffer | undefined
  /** The name to ask for and to verify. Default: the origin's host. */
  servername?: string | undefined
  /** What `ca`, `cert` and `key` come to, where many dialers share it. Default: made of them. */
  secureContext?: tls.SecureContext | undefined
}

/** Reads the certificates, once for all dialers that get these settings. Throws where one is none. */
export function withContext(settings: TlsOptions): TlsOptions {
  const { ca, cert, key } = settings
  if (ca === undefined && cert === undefined && key === undefined) return settings
  return { ...settings, secureContext: tls.createSecureContext({ ca, cert, key }) }
}

/** A connection that is being set up. */
export interface Dial {
  /** Gives up; the callback is not called any more. */
  cancel(): void
}

/** Called once, never before `dial` has returned. The socket is ready for its first request. */
export type DialCallback = (error: Error | undefined, socket: net.Socket | undefined) => void

/** Sets up one connection. */
export type DialFunction = (callback: DialCallback) => Dial

export interface DialerOptions {
  origin: URL
  /** Milliseconds for the connection and the TLS handshake together; 0 = no limit. */
  connectTimeout: number
  tls?: TlsOptions | undefined
  /** What to agree on by ALPN. Default `http/1.1`. */
  protocols?: string[] | undefined
  /** Finds the addresses of the host. Default: each time anew, and in turn. */
  lookup?: net.LookupFunction | undefined
  clock: Clock
}

/**
 * Dials one server, the addresses of its name in turn. Keeps its TLS session, so that a new connection costs no full
 * handshake.
 */
export class Dialer {
  readonly #origin: URL
  readonly #host: string
  readonly #port: number
  readonly #lookup: net.LookupFunction
  readonly #connectTimeout: number
  readonly #clock: Clock
  readonly #tls: tls.ConnectionOptions | undefined
  #session: Buffer | undefined

  constructor(options: DialerOptions) {
    const { origin, connectTimeout, tls: settings = {}, protocols, lookup, clock } = options
    this.#origin = origin
    this.#host = origin.hostname.startsWith('[') ? origin.hostname.slice(1, -1) : origin.hostname
    const isSecure = origin.protocol === 'https:'
    this.#port = origin.port === '' ? (isSecure ? 443 : 80) : Number(origin.port)
    this.#lookup = lookup ?? addressesInTurn()
    this.#connectTimeout = connectTimeout
    this.#clock = clock
    if (!isSecure) return
    const { verify = true, ca, cert, key, secureContext } = settings
    this.#tls = {
      // Made once: reading the certificates takes longer than a handshake.
      secureContext: secureContext ?? tls.createSecureContext({ ca, cert, key }),
      rejectUnauthorized: verify,
      // RFC 6066, section 3: an address is no server name.
      servername: settings.servername ?? (net.isIP(this.#host) === 0 ? this.#host : ''),
      ALPNProtocols: protocols ?? ['http/1.1'],
    }
  }

  dial(callback: DialCallback): Dial {
    const socket = this.#connect()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    let isOver = false
    const finish = (error: Error | undefined) => {
      if (isOver) return
      isOver = true
      this.#clock.clearTimeout(timer)
      if (error === undefined) {
        callback(undefined, socket)
        return
      }
      this.#session = undefined
      socket.destroy()
      callback(error, undefined)
    }
    const timer =
      this.#connectTimeout > 0
        ? this.#clock.setTimeout(() => finish(this.#timeoutError()), this.#connectTimeout)
        : undefined
    socket.once(this.#tls === undefined ? 'connect' : 'secureConnect', () => finish(undefined))
    // Stays for good: a socket without a listener would end the process with its error.
    socket.on('error', finish)
    socket.once('close', () => finish(new errors.SocketError('closed while it was being set up')))
    return {
      cancel: () => {
        isOver = true
        this.#clock.clearTimeout(timer)
        socket.destroy()
      },
    }
  }

  #connect(): net.Socket {
    const target = { host: this.#host, port: this.#port, lookup: this.#lookup, autoSelectFamily: true }
    if (this.#tls === undefined) return new DirectSocket().connect(target)
    const settings: tls.ConnectionOptions = { ...target, ...this.#tls, session: this.#session }
    const socket = tls.connect(settings)
    socket.on('session', (session) => {
      this.#session = session
    })
    return socket
  }

  #timeoutError(): Error {
    return new errors.ConnectTimeoutError(
      `No connection to ${this.#origin.host} within ${this.#connectTimeout} ms`,
    )
  }
}
