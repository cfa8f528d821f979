import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ConnectionFacts, RecyclingHandler } from './connection-facts.ts'
import { type Birth, Life } from './life.ts'
import type { CloseReason } from './lifespan.ts'
import type { OpenSpeaker, Speaker } from './speaker.ts'

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

export interface ConnectionOptions extends Birth {
  socket: Socket
  owner: ConnectionOwner
  openSpeaker: OpenSpeaker
}

/**
 * A connection of HTTP/1.1: one socket, over which a speaker of its own speaks. Being the speaker's handler itself, the
 * connection passes on what concerns the request that it carries, and a request costs no object here.
 */
export class Connection extends Life implements Dispatcher.DispatchHandler, ConnectionFacts {
  readonly announcesItsEnd = true
  sent = false
  isTunnel = false
  readonly #owner: ConnectionOwner
  readonly #speaker: Speaker
  #handler: RecyclingHandler | undefined
  /** Kept only until the request is written. */
  #options: Dispatcher.DispatchOptions | undefined

  constructor(options: ConnectionOptions) {
    super(options.socket, options)
    this.#owner = options.owner
    this.#speaker = options.openSpeaker(options.socket, this)
    this.socket.once('close', this.#onSocketClose)
  }

  get reused(): boolean {
    return this.requests > 1
  }

  hasRoom(): boolean {
    return this.state === 'idle' && !this.isTunnel
  }

  override isInService(): boolean {
    return !this.isTunnel && super.isInService()
  }

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
    return this.socket
  }

  close(): void {
    this.#speaker.close()
  }

  destroy(error: Error): void {
    if (this.isTunnel) this.socket.destroy()
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
    const { errored } = this.socket
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
      queueMicrotask(() => this.socket.destroy())
    } else if (this.socket.destroyed) {
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
    return this.socket.errored === null ? 'remote' : 'error'
  }
}
