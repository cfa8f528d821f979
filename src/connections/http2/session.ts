import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { type Birth, Life } from '../life.ts'
import type { Http2Fields } from './fields.ts'
import type { OpenedSession } from './session-dialer.ts'

/** A request as far as its session has to know it. */
export interface Carried {
  /** Of its stream. */
  readonly streamId: number
  /** The server will not process it: RFC 9113, section 6.8. */
  onRefused(): void
  /** The connection is gone. */
  onLost(cause: Error | undefined): void
  /** Time limits of its own. */
  expire(now: number): void
  onFailed(error: Error): void
}

export interface SessionOwner {
  /** A stream has ended, or the server allows more or fewer. */
  onChanged(session: Session): void
  /** The server takes no new streams here. */
  onGoaway(session: Session): void
  /** The socket is closed; nothing runs here any more. */
  onClosed(session: Session): void
}

export interface SessionLimits {
  /** Requests at the same time at most. */
  maxStreams: number
  /** Milliseconds without a byte from the server, while requests run, after which it is pinged; 0 = never. */
  pingAfter: number
  /** Milliseconds that the server has for its answer. */
  pingTimeout: number
}

export interface SessionOptions extends Birth, OpenedSession, SessionLimits {
  owner: SessionOwner
}

/** Requests from which on a successor is wanted: the last fifth. */
const worn = 0.8
/** What is left of a session that has been closed, and the other side does not close, ms. */
const farewell = 2000
/** A silent session is asked again only after this time: servers take frequent pings for an attack; ms. */
const pingAgainAfter = 5 * 60_000

/** A session of HTTP/2: one socket, over which many requests run at the same time. */
export class Session extends Life {
  readonly announcesItsEnd = false
  readonly #http2: ClientHttp2Session
  readonly #owner: SessionOwner
  readonly #limits: SessionLimits
  readonly #running = new Set<Carried>()
  #limit: number
  #error: Error | undefined
  #closingSince: number | undefined
  #bytes = 0
  #heardAt: number
  #pingedAt = Number.NEGATIVE_INFINITY
  #isPinging = false

  constructor(options: SessionOptions) {
    super(options.socket, options)
    this.#http2 = options.http2
    this.#owner = options.owner
    this.#limits = options
    this.#heardAt = this.idleSince
    this.#limit = this.#readLimit()
    this.#http2.on('remoteSettings', this.#onSettings)
    this.#http2.on('goaway', this.#onGoaway)
    this.#http2.on('error', (error) => {
      this.#error ??= error
    })
    this.socket.once('close', this.#onSocketClose)
  }

  /** Requests that run here. */
  get running(): number {
    return this.#running.size
  }

  /** Requests that it carries at the same time at most. */
  get limit(): number {
    return this.#limit
  }

  /** False too once the server has taken leave. */
  override isOpen(): boolean {
    return super.isOpen() && !this.#http2.closed && !this.#http2.destroyed
  }

  hasRoom(): boolean {
    return this.#running.size < this.#limit && this.requests < this.maxRequests
  }

  /** Near the last of its requests. */
  isWorn(): boolean {
    return this.requests >= this.maxRequests * worn
  }

  override isLasting(): boolean {
    return super.isLasting() && !this.isWorn()
  }

  watch(): void {
    this.#http2.unref()
  }

  /** Counts a request in, before its stream is opened. */
  enter(request: Carried): void {
    this.requests++
    if (this.#running.size === 0) this.#onBusy()
    this.#running.add(request)
  }

  /** Opens a stream. Throws where the fields cannot be sent; undefined where the session takes no more. */
  open(
    fields: Http2Fields,
    options: { endStream: boolean; waitForTrailers: boolean },
  ): ClientHttp2Stream | undefined {
    if (!this.isOpen()) return undefined
    const stream = this.#http2.request(fields, options)
    if (!stream.pending) return stream
    stream.on('error', () => {})
    return undefined
  }

  /** Counts a request out. `isUnsent`: as if it had never been here. */
  leave(request: Carried, isUnsent: boolean): void {
    if (!this.#running.delete(request)) return
    if (isUnsent) this.requests--
    if (this.#running.size === 0) this.#onFree()
    this.#owner.onChanged(this)
  }

  close(): void {
    if (this.#running.size > 0 || this.#closingSince !== undefined) return
    this.#closingSince = this.clock.now()
    this.#http2.close()
  }

  destroy(error: Error): void {
    for (const request of [...this.#running]) request.onFailed(error)
    this.socket.destroy()
  }

  /** Limits of its requests, silence of the server, a farewell that takes too long. */
  override expire(now: number): void {
    const { pingAfter, pingTimeout } = this.#limits
    for (const request of this.#running) request.expire(now)
    if (this.#closingSince !== undefined && now - this.#closingSince > farewell) this.socket.destroy()
    if (pingAfter > 0) this.#listen(now, pingAfter, pingTimeout)
  }

  /** A server that is gone without a word is found out by its silence. */
  #listen(now: number, pingAfter: number, pingTimeout: number): void {
    const { bytesRead } = this.socket
    if (bytesRead !== this.#bytes) {
      this.#bytes = bytesRead
      this.#heardAt = now
      // The answer to a ping does not make the next one welcome.
      if (!this.#isPinging) this.#pingedAt = Number.NEGATIVE_INFINITY
      this.#isPinging = false
      return
    }
    if (this.#isPinging) {
      if (now - this.#pingedAt < pingTimeout) return
      this.#error ??= new Error('The server does not answer a ping')
      this.reason ??= 'error'
      this.socket.destroy()
      return
    }
    if (this.#running.size === 0 || now - this.#heardAt < pingAfter) return
    if (now - this.#pingedAt < pingAgainAfter || this.#http2.destroyed) return
    this.#isPinging = this.#http2.ping(() => {})
    this.#pingedAt = now
  }

  #onBusy(): void {
    this.#http2.ref()
    // Silence counts from when something is expected.
    this.#heardAt = this.clock.now()
  }

  #onFree(): void {
    this.#http2.unref()
    this.idleSince = this.clock.now()
    if (this.state === 'retiring') this.close()
  }

  #readLimit(): number {
    const { maxStreams } = this.#limits
    return Math.min(maxStreams, this.#http2.remoteSettings.maxConcurrentStreams ?? maxStreams)
  }

  readonly #onSettings = (): void => {
    this.#limit = this.#readLimit()
    this.#owner.onChanged(this)
  }

  readonly #onGoaway = (code: number, lastStreamId: number): void => {
    this.reason ??= code === 0 ? 'remote' : 'error'
    for (const request of this.#running) {
      if (request.streamId > lastStreamId) request.onRefused()
    }
    this.#owner.onGoaway(this)
  }

  readonly #onSocketClose = (): void => {
    this.reason ??= this.#running.size > 0 || this.#error !== undefined ? 'error' : 'remote'
    this.isClosed = true
    for (const request of [...this.#running]) request.onLost(this.#error ?? this.socket.errored ?? undefined)
    this.#owner.onClosed(this)
  }
}
