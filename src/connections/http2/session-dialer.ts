import http2, { type ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { errors } from 'undici'
import { HeadgateError } from '../../errors.ts'
import { type Dial, Dialer, type DialerOptions } from '../dialer.ts'

/** A connection whose two ends have agreed on HTTP/2. */
export interface OpenedSession {
  socket: Socket
  http2: ClientHttp2Session
}

export type SessionCallback = (error: Error | undefined, opened: OpenedSession | undefined) => void

export interface SessionDialerOptions extends Omit<DialerOptions, 'protocols'> {
  /** Bytes that the header of a response may have. */
  maxHeaderSize: number
}

/** What a server may send of one response before somebody reads it, bytes. */
const streamWindow = 256 * 1024
/** The same for all responses of a session that are on their way; what has arrived is not counted. */
const sessionWindow = 8 * 1024 * 1024

const ignore = () => {}

/**
 * Sets sessions up: connection, TLS with `h2` by ALPN, and the server's SETTINGS, without which neither is it known
 * that it speaks HTTP/2 nor how many streams it takes. Over plain TCP by prior knowledge (RFC 9113, section 3.3).
 */
export class SessionDialer {
  readonly #options: SessionDialerOptions
  readonly #dialer: Dialer

  constructor(options: SessionDialerOptions) {
    this.#options = options
    this.#dialer = new Dialer({ ...options, protocols: ['h2'] })
  }

  /** The callback is called once, never before `dial` has returned. */
  dial(callback: SessionCallback): Dial {
    const startedAt = this.#options.clock.now()
    let current = this.#dialer.dial((error, socket) => {
      if (socket === undefined) return callback(withoutHttp2(error), undefined)
      if ((socket as TLSSocket).encrypted && (socket as TLSSocket).alpnProtocol !== 'h2') {
        socket.destroy()
        return callback(notSpoken(undefined), undefined)
      }
      current = this.#greet(socket, startedAt, callback)
    })
    return { cancel: () => current.cancel() }
  }

  #greet(socket: Socket, startedAt: number, callback: SessionCallback): Dial {
    const { origin, clock, connectTimeout, maxHeaderSize } = this.#options
    const session = http2.connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: maxHeaderSize },
      maxSessionMemory: 1000,
      strictSingleValueFields: false,
    } as http2.ClientSessionOptions)
    let isOver = false
    const finish = (error: Error | undefined) => {
      if (isOver) return
      isOver = true
      clock.clearTimeout(timer)
      session.off('close', onClose)
      if (error === undefined) {
        session.setLocalWindowSize(sessionWindow)
        return callback(undefined, { socket, http2: session })
      }
      socket.destroy()
      callback(error, undefined)
    }
    const onClose = () => finish(new errors.SocketError('closed while it was being set up'))
    const left = connectTimeout - (clock.now() - startedAt)
    const timer =
      connectTimeout > 0 ? clock.setTimeout(() => finish(this.#timeoutError()), Math.max(0, left)) : undefined
    session.once('remoteSettings', () => finish(undefined))
    session.on('error', (error) => finish(notUnderstood(error)))
    session.once('close', onClose)
    return {
      cancel: () => {
        isOver = true
        clock.clearTimeout(timer)
        session.on('error', ignore)
        socket.destroy()
      },
    }
  }

  #timeoutError(): Error {
    const { origin, connectTimeout } = this.#options
    return new errors.ConnectTimeoutError(`No HTTP/2 from ${origin.host} within ${connectTimeout} ms`)
  }
}

/** What a server that knows other protocols only says of `h2` (RFC 7301, section 3.2). */
function withoutHttp2(error: (Error & { code?: string }) | undefined): Error | undefined {
  return error?.code?.endsWith('ALERT_NO_APPLICATION_PROTOCOL') ? notSpoken(error) : error
}

function notSpoken(cause: Error | undefined): Error {
  const error = new Error('The server does not speak HTTP/2: it does not agree to h2 by ALPN', { cause })
  return Object.assign(error, { code: 'ERR_TLS_ALPN_NOT_AGREED' })
}

/** Errors of the connection are told as they are; what is left is a server that answers in another protocol. */
function notUnderstood(error: Error & { code?: string }): Error {
  if (!error.code?.startsWith('ERR_HTTP2_')) return error
  return new HeadgateError('HEADGATE_BAD_RESPONSE', {
    cause: new Error('The server does not speak HTTP/2', { cause: error }),
  })
}
