import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { HeadgateError } from '../../errors.ts'
import { expectContinue } from '../continue.ts'
import type { Reception } from '../reception.ts'
import { askForWebSocket, offerStream } from './extended-connect.ts'
import { FloodGuard } from './flood-guard.ts'
import { readRequestHead } from './request-fields.ts'
import { StreamRequest } from './stream-request.ts'
import { StreamResponse } from './stream-response.ts'

/** What one connection of HTTP/2 may ask for. */
export interface SessionLimits {
  /** Requests at one time. */
  maxConcurrentStreams: number
  /** Time for the first request, ms; 0 = no limit. */
  headersTimeout: number
  /** A session without a request is closed after this, ms; 0 = no limit. */
  keepAliveTimeout: number
  /** Bytes of a request's fields; more is 431. */
  maxHeaderSize: number
  /** Requests of one connection; 0 = no limit. */
  maxRequestsPerConnection: number
}

export interface SessionOptions {
  limits: () => SessionLimits
  reception: Reception
  /** When the connection has had its time, on the clock of `look`; infinite where it may live on. */
  endsAt: number
  isDraining: () => boolean
  onClose: () => void
}

/** Bytes that a client may send ahead: of one request's body, and of all of its session. */
const streamWindow = 256 * 1024
const sessionWindow = 1024 * 1024
/** Names and values count 32 bytes more in HTTP/2 (RFC 9113, section 6.5.2), and what is a little too large gets an answer. */
const headerListFactor = 2
/** Once the session has ended, the client has this long to close its side, ms. */
const farewellMs = 5_000
/**
 * Who begins to ask a gateway that drains is served for so long, ms. It may come again because of a GOAWAY, with all the
 * requests that this has cost it: one more with the first of them would cost it the others once more.
 */
const welcomeMs = 250
/** The same methods as over HTTP/1.1. */
const known: ReadonlySet<string> = new Set(METHODS)

/**
 * A connection of a client that speaks HTTP/2: its streams become requests.
 *
 *     open -> ended -> closed     GOAWAY; the last stream has ended
 *        \_______\____> closed     a flood, or a client that is gone
 */
export class ClientSession {
  readonly #session: ServerHttp2Session
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #scheme: 'http' | 'https'
  readonly #resets: FloodGuard
  readonly #frames = new FloodGuard(200, 20)
  #requests = 0
  #open = 0
  /** Since when no request runs. */
  #restingSince = performance.now()
  #endedAt: number | undefined
  /** While the gateway drains, a request that comes from here on is the last one. */
  #drainsFrom = 0

  constructor(socket: Socket, options: SessionOptions) {
    const { maxConcurrentStreams, maxHeaderSize } = options.limits()
    this.#socket = socket
    this.#options = options
    this.#scheme = (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http'
    this.#resets = new FloodGuard(maxConcurrentStreams * 2, maxConcurrentStreams / 4)
    this.#session = performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams,
        enableConnectProtocol: true,
        initialWindowSize: streamWindow,
        maxHeaderListSize: maxHeaderSize * headerListFactor,
      },
      maxHeaderListPairs: 1_000,
      // Bounds what arrives in one read, before any of it is looked at here.
      streamResetBurst: maxConcurrentStreams * 4,
      streamResetRate: maxConcurrentStreams,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      strictSingleValueFields: false,
    } as Parameters<typeof performServerHandshake>[1])
    this.#session.setLocalWindowSize(sessionWindow)
    this.#session.on('stream', this.#onStream)
    this.#session.on('ping', this.#onFrame)
    this.#session.on('remoteSettings', this.#onFrame)
    this.#session.on('error', () => {})
    socket.once('close', options.onClose)
  }

  /** Looks at its deadlines. */
  look(now: number): void {
    if (this.#endedAt !== undefined) {
      if (this.#open === 0 && now - Math.max(this.#endedAt, this.#restingSince) > farewellMs) this.destroy()
      return
    }
    const { headersTimeout, keepAliveTimeout } = this.#options.limits()
    const limit = this.#requests === 0 ? headersTimeout : keepAliveTimeout
    if (limit > 0 && this.#open === 0 && now - this.#restingSince > limit) this.end()
  }

  /**
   * Takes no stream from here on; those that run finish. What a client has sent meanwhile was not processed, as the
   * GOAWAY tells it (RFC 9113, section 6.8). A first GOAWAY that still allows every stream would save it the second
   * try, but nghttp2 takes no stream behind any.
   */
  end(): void {
    if (this.#endedAt !== undefined || this.#session.destroyed) return
    this.#endedAt = performance.now()
    this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  #calm(): void {
    if (!this.#session.destroyed) this.#session.destroy(constants.NGHTTP2_ENHANCE_YOUR_CALM as never)
  }

  readonly #onFrame = (): void => {
    if (!this.#frames.take(performance.now())) this.#calm()
  }

  readonly #onStream = (
    stream: ServerHttp2Stream,
    _headers: unknown,
    _flags: number,
    raw: string[],
  ): void => {
    this.#requests++
    // Reset in the very read that it came with.
    if (stream.destroyed || stream.closed) return this.#onBrokenOff()
    const { maxHeaderSize, maxRequestsPerConnection } = this.#options.limits()
    if (this.#isLast(maxRequestsPerConnection)) this.end()
    this.#open++

    const head = readRequestHead(raw, this.#scheme)
    const isWebSocket = head.protocol === 'websocket' && head.method === 'CONNECT'
    if (isWebSocket) askForWebSocket(head)
    const request = new StreamRequest(stream, this.#socket, head)
    const response = new StreamResponse(request)
    if (isWebSocket && head.fault === undefined) offerStream(request, response)
    // `once`, here and wherever a stream is listened to: it is kept for long, and whatever listens with it.
    stream.once('close', () => {
      this.#open--
      this.#restingSince = performance.now()
      if (!response.writableFinished && !response.isBrokenOff) this.#onBrokenOff()
    })
    this.#receive(request as never, response as never, head.fault ?? faultOf(head, maxHeaderSize))
  }

  /**
   * Whether the request that has just come is to be the last one. The client reads so before it has its answer: one
   * that asks for one thing after the other never loses a request.
   */
  #isLast(maxRequests: number): boolean {
    const now = performance.now()
    if (this.#requests === maxRequests || now >= this.#options.endsAt) return true
    if (!this.#options.isDraining()) return false
    if (this.#requests === 1) this.#drainsFrom = now + welcomeMs
    return now >= this.#drainsFrom
  }

  #receive(request: IncomingMessage, response: ServerResponse, fault: HeadgateError | undefined): void {
    const { reception } = this.#options
    const { expect } = request.headers
    if (fault !== undefined || expect === undefined) return reception.receive(request, response, fault)
    if (expect.toLowerCase() !== '100-continue') return reception.refuseExpectation(request, response)
    expectContinue(request, response)
    reception.receive(request, response)
  }

  /** Requests that are broken off cost the client nothing, and the gateway something. */
  #onBrokenOff(): void {
    if (!this.#resets.take(performance.now())) this.#calm()
  }
}

function faultOf(
  { method, rawHeaders, path }: { method: string; rawHeaders: readonly string[]; path: string },
  maxHeaderSize: number,
): HeadgateError | undefined {
  if (method === 'CONNECT' || !known.has(method)) return new HeadgateError('HEADGATE_METHOD_REFUSED')
  let size = path.length
  for (const text of rawHeaders) size += text.length
  return size > maxHeaderSize ? new HeadgateError('HEADGATE_HEADERS_TOO_LARGE') : undefined
}
