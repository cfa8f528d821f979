import type { Socket } from 'node:net'
import { type Dispatcher, errors } from 'undici'
import type { Clock } from '../../clock.ts'
import { DirectSocket } from '../direct-socket.ts'
import type { CloseReason } from '../lifespan.ts'
import type { Speaker } from '../speaker.ts'
import type { BodyListener } from './body-writer.ts'
import { Deadline } from './deadline.ts'
import { type Departure, departAfterReading } from './departures.ts'
import { type Exchange, type ExchangeDefaults, type ExchangeOwner, openExchange } from './exchange.ts'
import { parsedFields } from './parsed-fields.ts'
import { RequestWriter } from './request-writer.ts'
import type { ResponseHead } from './response-head.ts'
import { type ResponseListener, ResponseParser } from './response-parser.ts'

export interface Http1Options extends ExchangeDefaults {
  /** Bytes that the head of a response may have. */
  maxHeaderSize: number
  clock: Clock
}

/** How much sooner than the server an idle connection is given up, milliseconds. */
const keepAliveMargin = 1000

/**
 * HTTP/1.1 over one socket, as a client: one exchange at a time, and nothing that belongs to one ever reaches another.
 *
 *     idle -> waiting -> writing and reading -> idle
 *      \________\______________\_______________> gone      whatever is not exactly so
 */
export class Http1Connection implements Speaker, ResponseListener, BodyListener, ExchangeOwner, Departure {
  readonly #socket: Socket
  readonly #handler: Dispatcher.DispatchHandler
  readonly #options: Http1Options
  readonly #parser: ResponseParser
  readonly #writer: RequestWriter
  readonly #deadline: Deadline
  #exchange: Exchange | undefined
  /** Whether the head of the final response has come. */
  #hasHead = false
  #keepAliveMs = -1
  #isPersistent = false
  #isClosing = false
  #isAttached = false
  #reason: CloseReason | undefined
  /** Why the socket is being ended. */
  #fault: Error | undefined

  constructor(socket: Socket, handler: Dispatcher.DispatchHandler, options: Http1Options) {
    this.#socket = socket
    this.#handler = handler
    this.#options = options
    this.#parser = new ResponseParser(this, options)
    this.#writer = new RequestWriter(socket, this)
    this.#deadline = new Deadline(options.clock, () => this.#onLate())
  }

  get isPaused(): boolean {
    return this.#exchange?.paused === true
  }

  watch(): void {
    if (!this.#isAttached) this.#attach()
    this.#socket.unref?.()
  }

  start(options: Dispatcher.DispatchOptions, isLast: boolean, isRaw: boolean): void {
    try {
      this.#exchange = openExchange(this, options, this.#options, isLast, isRaw)
    } catch (error) {
      this.#handler.onResponseError?.(undefined as never, error as Error)
      return
    }
    this.#writer.clear()
    this.#hasHead = false
    this.#deadline.set(0)
    if (!this.#isAttached) this.#attach()
    this.#socket.ref?.()
    departAfterReading(this)
  }

  depart(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    if (this.#socket.destroyed || !this.#socket.writable) return this.#fail(closed())
    this.#writer.take(exchange)
    try {
      this.#handler.onRequestStart?.(exchange, null)
      if (this.#exchange !== exchange) return
      this.#deadline.set(exchange.headersTimeout)
      this.#parser.expect(exchange.head.method, exchange.head.upgrade !== undefined)
      this.#writer.write()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  release(): void {
    if (this.#isAttached) this.#detach()
    this.#socket.ref?.()
  }

  close(): void {
    this.#isClosing = true
    if (this.#exchange === undefined) this.#socket.destroy()
  }

  destroy(error: Error): void {
    if (this.#exchange === undefined) this.#socket.destroy()
    else this.#fail(error)
  }

  whyClosed(): CloseReason {
    return this.#reason ?? 'remote'
  }

  onHead(head: ResponseHead): void {
    const exchange = this.#exchange as Exchange
    const { statusCode, fields } = head
    exchange.rawHeaders = fields
    if (statusCode >= 200) {
      this.#hasHead = true
      this.#isPersistent = head.isPersistent && !isSuspicious(head, exchange.head.method)
      this.#keepAliveMs = head.keepAliveMs
      this.#deadline.set(exchange.bodyTimeout)
    } else if (exchange.headersTimeout > 0) this.#deadline.set(exchange.headersTimeout)
    const parsed = exchange.isRaw ? noFields : parsedFields(fields)
    this.#handler.onResponseStart?.(exchange, statusCode, parsed, head.statusMessage)
  }

  onData(piece: Buffer): void {
    const exchange = this.#exchange as Exchange
    if (exchange.bodyTimeout > 0) this.#deadline.set(exchange.bodyTimeout)
    this.#handler.onResponseData?.(exchange, piece)
  }

  onComplete(trailers: string[], hasExcess: boolean): void {
    const exchange = this.#exchange as Exchange
    exchange.rawTrailers = trailers
    const isWhole =
      this.#isPersistent && this.#writer.isDone && !hasExcess && !this.#isClosing && !exchange.head.isLast
    if (hasExcess) this.#reason = 'error'
    this.#exchange = undefined
    this.#writer.stop()
    if (isWhole) this.#rest()
    else this.#socket.destroy()
    this.#handler.onResponseEnd?.(exchange, trailers.length === 0 ? {} : parsedFields(trailers))
  }

  onSwitch(head: ResponseHead, rest: Buffer): void {
    const exchange = this.#exchange as Exchange
    this.#exchange = undefined
    this.#writer.stop()
    this.#deadline.stop()
    this.#detach()
    if (rest.length > 0) this.#socket.unshift(rest)
    exchange.rawHeaders = head.fields
    const parsed = exchange.isRaw ? noFields : parsedFields(head.fields)
    try {
      this.#handler.onRequestUpgrade?.(exchange, head.statusCode, parsed, this.#socket)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }

  onExcess(): void {
    this.#reason = 'error'
    this.#breakOff(new errors.SocketError('an answer that nobody has asked for'))
  }

  onBodyPiece(piece: Buffer): void {
    const exchange = this.#exchange as Exchange
    if (!this.#hasHead && exchange.headersTimeout > 0) this.#deadline.set(exchange.headersTimeout)
    try {
      this.#handler.onBodySent?.(piece)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  onBodyEnd(): void {
    try {
      this.#handler.onRequestSent?.()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  onBodyFailed(error: Error): void {
    this.#fail(error)
  }

  onResumed(exchange: Exchange): void {
    if (exchange !== this.#exchange) return
    if (this.#hasHead) this.#deadline.set(exchange.bodyTimeout)
    try {
      this.#parser.resume()
    } catch (error) {
      this.#breakOff(error as Error)
    }
    if (!this.isPaused && !this.#socket.destroyed) this.#socket.resume()
  }

  onAborted(exchange: Exchange, reason: Error): void {
    if (exchange === this.#exchange) this.#fail(reason ?? new errors.RequestAbortedError())
  }

  /** Waits for the next request, for no longer than the server does. */
  #rest(): void {
    this.#socket.unref?.()
    if (this.#keepAliveMs === -1) return this.#deadline.set(0)
    if (this.#keepAliveMs > keepAliveMargin) return this.#deadline.set(this.#keepAliveMs - keepAliveMargin)
    this.#reason = 'idle'
    this.#socket.destroy()
  }

  /** What has been told by now goes its way before the error does, which comes with the end of the socket. */
  #breakOff(error: Error): void {
    this.#fault ??= error
    this.#parser.stop()
    this.#writer.stop()
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#parser.stop()
    this.#writer.stop()
    this.#socket.destroy()
    if (exchange !== undefined) this.#handler.onResponseError?.(exchange, error)
  }

  #attach(): void {
    this.#isAttached = true
    if (this.#socket instanceof DirectSocket) this.#socket.onBytes = this.#onData
    else this.#socket.on('data', this.#onData)
    this.#socket.on('end', this.#onEnd).on('drain', this.#onDrain)
    this.#socket.on('error', this.#onError).on('close', this.#onClose)
  }

  /** Leaves the socket as if nobody had listened: it flows when its next owner does. */
  #detach(): void {
    const socket = this.#socket
    this.#isAttached = false
    socket.pause()
    if (socket instanceof DirectSocket) socket.onBytes = undefined
    else socket.off('data', this.#onData)
    socket.off('end', this.#onEnd).off('drain', this.#onDrain)
    socket.off('error', this.#onError).off('close', this.#onClose)
    ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#writer.hasBegun || this.#exchange === undefined) return this.onExcess()
    try {
      if (!this.#parser.hasBegun()) this.#handler.onResponseStarted?.()
      this.#parser.push(chunk)
    } catch (error) {
      this.#breakOff(error as Error)
    }
    if (this.#hasHead && this.isPaused) this.#socket.pause()
  }

  readonly #onEnd = (): void => {
    if (this.#exchange === undefined || !this.#writer.hasBegun) return this.#breakOff(closed())
    this.#isPersistent = false
    const error = this.#parser.finish()
    if (error !== undefined) this.#breakOff(error)
  }

  readonly #onDrain = (): void => this.#writer.drain()

  readonly #onError = (error: Error): void => this.#breakOff(error)

  readonly #onClose = (): void => {
    this.#deadline.stop()
    this.#fail(this.#fault ?? closed())
  }

  #onLate(): void {
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#reason = 'idle'
      this.#socket.destroy()
    } else if (this.#hasHead) {
      // While the handler has no room, the delay is not the server's.
      if (!exchange.paused) this.#fail(new errors.BodyTimeoutError())
    } else if (this.#writer.isDone || this.#socket.writableNeedDrain)
      this.#fail(new errors.HeadersTimeoutError())
    // Nor is it while the request's own body does not come.
    else this.#deadline.set(exchange.headersTimeout)
  }
}

const noFields = {}

function closed(): Error {
  return new errors.SocketError('other side closed')
}

/** A 204 or 304 that speaks of a body may be followed by one, which would be taken for the next response. */
function isSuspicious({ statusCode, contentLength, isChunked }: ResponseHead, method: string): boolean {
  return method !== 'HEAD' && (statusCode === 204 || statusCode === 304) && (contentLength > 0 || isChunked)
}
