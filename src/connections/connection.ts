import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { ConnectionFacts, RecyclingHandler } from './connection-facts.ts'
import type { InLine } from './idle-line.ts'
import type { CloseReason } from './lifespan.ts'
import type { OpenSpeaker, Speaker } from './speaker.ts'

/**
 *     idle <---> active        either of them, and nothing else, ---> retiring ---> closed
 *
 * No request starts on a retiring connection; the one that runs there ends in peace.
 */
export type ConnectionState = 'idle' | 'active' | 'retiring'

/** Who keeps the connection, and learns what becomes of it. */
export interface ConnectionOwner {
  /** Its request has ended, and the connection is whole. */
  onEnded(connection: Connection): void
  /** Its request has failed, and the connection with it. */
  onBroken(connection: Connection): void
  /** It was gone before anything of this request was written: the same request may go elsewhere. */
  onUnsent(connection: Connection, options: Dispatcher.DispatchOptions, handler: RecyclingHandler): void
  /** Its request has turned it into a tunnel. */
  onTunnel(connection: Connection): void
  /** The socket is closed. Always the last to come from the socket; a request's error may follow it. */
  onClosed(connection: Connection): void
}

export interface ConnectionOptions {
  id: number
  socket: Socket
  owner: ConnectionOwner
  clock: Clock
  openSpeaker: OpenSpeaker
  /** When the dialling began, so that the age is never less than the server's own count. */
  bornAt: number
  /** No request starts after this time. */
  deadline: number
  maxRequests: number
}

/**
 * One socket from birth to death, and the record of it. A speaker of its own speaks HTTP over the socket. Being the
 * speaker's handler itself, the connection passes on what concerns the request that it carries, and a request costs
 * no object here.
 */
export class Connection implements Dispatcher.DispatchHandler, ConnectionFacts, InLine<Connection> {
  state: ConnectionState = 'idle'
  before: Connection | undefined
  after: Connection | undefined
  readonly id: number
  readonly bornAt: number
  readonly dialMs: number
  readonly maxRequests: number
  readonly deadline: number
  /** The deadline, or later while a successor cannot be dialled. */
  usableUntil: number
  idleSince: number
  requests = 0
  sent = false
  /** The next request is the last, and says so to the server. */
  isLast = false
  /** Its successor is being dialled. */
  isBeingReplaced = false
  isTunnel = false
  isClosed = false
  /** Why it was or is being closed. */
  reason: CloseReason | undefined

  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #clock: Clock
  readonly #speaker: Speaker
  #handler: RecyclingHandler | undefined
  /** Kept only until the request is written. */
  #options: Dispatcher.DispatchOptions | undefined

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.bornAt = options.bornAt
    this.maxRequests = options.maxRequests
    this.deadline = options.deadline
    this.usableUntil = options.deadline
    this.#socket = options.socket
    this.#owner = options.owner
    this.#clock = options.clock
    this.#speaker = options.openSpeaker(options.socket, this)
    this.idleSince = options.clock.now()
    this.dialMs = this.idleSince - this.bornAt
    this.#socket.once('close', this.#onSocketClose)
  }

  get ageMs(): number {
    return this.#clock.now() - this.bornAt
  }

  get reused(): boolean {
    return this.requests > 1
  }

  /** False once the socket is torn down, which is known before its `close` event. */
  isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Whether it will carry requests for a while: neither retiring, nor a tunnel, nor about to be replaced. */
  isLasting(): boolean {
    return this.state !== 'retiring' && !this.isTunnel && !this.isLast && !this.isBeingReplaced
  }

  /** Waits for its first request: whatever the server says or does meanwhile ends it. */
  watch(): void {
    this.#speaker.watch()
  }

  /** Sends a request. The last one says `Connection: close`, and the socket goes with its response. */
  start(options: Dispatcher.DispatchOptions, handler: RecyclingHandler, isLast: boolean): void {
    this.requests++
    this.sent = false
    this.#handler = handler
    this.#options = options
    this.#speaker.start(options, isLast, handler.readsRawHeaders === true)
  }

  /** Gives the bare socket away. */
  becomeTunnel(): Socket {
    this.#speaker.release()
    this.isTunnel = true
    return this.#socket
  }

  /** Closes the socket, after the request that it carries. */
  close(): void {
    this.#speaker.close()
  }

  /** Closes the socket now; the request that it carries fails with this error. */
  destroy(error: Error): void {
    if (this.isTunnel) this.#socket.destroy()
    else this.#speaker.destroy(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#options = undefined
    const handler = this.#handler!
    handler.onConnection?.(this)
    handler.onRequestStart?.(controller, context)
  }

  onBodySent(chunk: Buffer): void {
    if (!this.#hasStarted()) return
    this.sent = true
    this.#handler?.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    if (!this.#hasStarted()) return
    this.sent = true
    this.#handler?.onRequestSent?.()
  }

  onResponseStarted(): void {
    this.#handler?.onResponseStarted?.()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2],
    statusMessage?: string,
  ): void {
    this.#handler!.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler!.onResponseData?.(controller, chunk)
  }

  onResponseEnd(
    controller: Dispatcher.DispatchController,
    trailers: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>[1],
  ): void {
    // undici takes a reset for the end of a body that nothing but the end of its connection delimits.
    const { errored } = this.#socket
    if (errored !== null && (errored as Error & { code?: string }).code !== undefined) {
      return this.onResponseError(controller, errored)
    }
    const handler = this.#release()
    // First of all the connection is free, so that what the handler sends next can use it.
    this.#owner.onEnded(this)
    try {
      handler.onResponseEnd?.(controller, trailers)
    } catch (error) {
      handler.onResponseError?.(controller, error as Error)
    }
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>[2],
    socket: Duplex,
  ): void {
    const handler = this.#release()
    this.isTunnel = true
    this.#owner.onTunnel(this)
    handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#handler === undefined) return
    const options = this.#options
    const handler = this.#release()
    if (options === undefined) {
      this.reason ??= 'error'
      this.#owner.onBroken(this)
      // undici tears the socket down itself, with its own reason, but for a handler that threw at the start.
      queueMicrotask(() => this.#socket.destroy())
    } else if (this.#socket.destroyed) {
      this.#owner.onUnsent(this, options, handler)
      return
    } else {
      // undici found a fault in the request before it wrote anything of it.
      this.requests--
      this.#owner.onEnded(this)
    }
    handler.onResponseError?.(controller, error)
  }

  /** False too while undici still reports on the request before, whose body had not ended with its response. */
  #hasStarted(): boolean {
    return this.#options === undefined
  }

  #release(): RecyclingHandler {
    const handler = this.#handler!
    this.#handler = undefined
    this.#options = undefined
    return handler
  }

  readonly #onSocketClose = (): void => {
    this.reason ??= this.#whyClosed()
    this.isClosed = true
    this.#owner.onClosed(this)
  }

  /** The reason where the pool had none: who closed it, and in which state. */
  #whyClosed(): CloseReason {
    if (this.#handler !== undefined) return 'error'
    if (!this.isTunnel) return this.#speaker.whyClosed()
    return this.#socket.errored === null ? 'remote' : 'error'
  }
}
