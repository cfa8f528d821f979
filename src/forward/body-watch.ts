import type { IncomingMessage } from 'node:http'
import { HeadgateError } from '../errors.ts'
import { allowedMs } from './body.ts'
import { Expiring, type Sweep } from './sweep.ts'

/** Bounds the time of a request's body that somebody else reads: by what arrives on its connection. */
export class BodyWatch extends Expiring {
  readonly #request: IncomingMessage
  readonly #bodyTimeout: number
  readonly #sweep: Sweep
  readonly #startedAt: number
  readonly #readBefore: number

  /** @param bodyTimeout time for the whole body, ms, and 1 s more for every 500 bytes received; 0 = no limit */
  constructor(request: IncomingMessage, bodyTimeout: number, sweep: Sweep) {
    super()
    this.#request = request
    this.#bodyTimeout = bodyTimeout
    this.#sweep = sweep
    this.#startedAt = sweep.now()
    this.#readBefore = request.socket.bytesRead
    if (bodyTimeout > 0) sweep.add(this)
  }

  expire(now: number): void {
    const request = this.#request
    if (request.complete || request.destroyed) return this.#sweep.delete(this)
    const received = request.socket.bytesRead - this.#readBefore
    if (now - this.#startedAt <= allowedMs(this.#bodyTimeout, received)) return
    this.#sweep.delete(this)
    // Whoever reads it answers; nobody does: there is nothing to answer.
    if (request.listenerCount('error') > 0)
      request.emit('error', new HeadgateError('HEADGATE_CLIENT_TIMEOUT'))
    else request.destroy()
  }
}
