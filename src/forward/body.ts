import { Readable } from 'node:stream'
import { HeadgateError } from '../errors.ts'
import type { Expiring, Sweep } from './sweep.ts'

/** What a request's body may cost. */
export interface BodyLimits {
  /** Largest body, bytes; more is 413. 0 = no limit. */
  bodyLimit: number
  /** Time for the whole body, ms, and 1 s more for every 500 bytes received; more is 408. 0 = no limit. */
  bodyTimeout: number
}

/** Bodies up to this size are kept until the response begins, so that another server can get them too; bytes. */
const keepLimit = 64 * 1024
const msPerByte = 1000 / 500

/**
 * The body of a client's request. It is not touched before a server wants it, is read at the pace of that server, and
 * is never destroyed with the server's connection: the client still has an answer to get.
 */
export class RequestBody implements Expiring {
  readonly #source: Readable
  readonly #limits: BodyLimits
  readonly #sweep: Sweep
  /** What was read so far; undefined once it was too much to keep. */
  #kept: Buffer[] | undefined = []
  #reader: BodyReader | undefined
  #received = 0
  #startedAt: number
  /** When the last bytes came, on the sweep's clock. */
  lastProgressAt: number
  #ended = false
  #error: Error | undefined
  /** Called once, before the first read: time for `100 Continue`. */
  #onWanted: (() => void) | undefined
  /** Called once when the last byte has arrived. */
  onComplete: (() => void) | undefined

  constructor(source: Readable, limits: BodyLimits, sweep: Sweep, onWanted?: () => void) {
    this.#source = source
    this.#limits = limits
    this.#sweep = sweep
    this.#onWanted = onWanted
    this.#startedAt = sweep.now()
    this.lastProgressAt = this.#startedAt
    sweep.add(this)
    source.on('data', this.#onData)
    source.on('end', this.#onEnd)
    source.on('error', this.#onClose)
    source.on('close', this.#onClose)
    source.pause()
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received
  }

  get isComplete(): boolean {
    return this.#ended
  }

  /** True while a server could be given the whole body from its first byte. */
  isReplayable(): boolean {
    return this.#kept !== undefined && this.#error === undefined
  }

  /** True while the server takes nothing although there is more. */
  isHeldUp(): boolean {
    return this.#reader !== undefined && !this.#ended && this.#source.isPaused()
  }

  /** A stream of the whole body, for one attempt. The reader before it gets no more. */
  open(): Readable {
    const reader = new BodyReader(this)
    this.#reader = reader
    for (const chunk of this.#kept ?? []) reader.push(chunk)
    if (this.#error !== undefined) reader.destroy(this.#error)
    else if (this.#ended) reader.push(null)
    return reader
  }

  /** The response has begun: nothing will be sent again, so nothing needs to be kept. */
  forget(): void {
    this.#kept = undefined
  }

  /** Reads on and drops what comes, so that the client's connection can be used again. */
  discard(): void {
    this.#reader = undefined
    this.#kept = undefined
    this.#sweep.delete(this)
    if (!this.#ended && !this.#source.destroyed) this.#source.resume()
  }

  expire(now: number): void {
    if (this.#limits.bodyTimeout === 0) return
    // While a server takes nothing, the client cannot send: the delay is not its fault.
    if (this.isHeldUp() || this.#reader === undefined) this.#startedAt += now - this.lastProgressAt
    if (this.isHeldUp() || this.#reader === undefined) this.lastProgressAt = now
    const allowed = this.#limits.bodyTimeout + this.#received * msPerByte
    if (now - this.#startedAt > allowed) this.fail(new HeadgateError('HEADGATE_CLIENT_TIMEOUT'))
  }

  /** The body cannot be had in full: whoever reads it is told. */
  fail(error: Error): void {
    if (this.#ended || this.#error !== undefined) return
    this.#error = error
    this.#sweep.delete(this)
    this.#source.pause()
    this.#reader?.destroy(error)
    this.onFailure?.(error)
  }

  /** Called once when the body cannot be had in full. */
  onFailure: ((error: Error) => void) | undefined

  /** @internal The reader has room. */
  wanted(reader: BodyReader): void {
    if (reader !== this.#reader || this.#error !== undefined) return
    this.#onWanted?.()
    this.#onWanted = undefined
    this.#source.resume()
  }

  /** @internal */
  abandoned(reader: BodyReader): void {
    if (reader !== this.#reader) return
    this.#reader = undefined
    this.#source.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#received += chunk.length
    this.lastProgressAt = this.#sweep.now()
    if (this.#limits.bodyLimit > 0 && this.#received > this.#limits.bodyLimit)
      return this.fail(new HeadgateError('HEADGATE_BODY_TOO_LARGE'))
    if (this.#kept !== undefined) {
      if (this.#received <= keepLimit) this.#kept.push(chunk)
      else this.#kept = undefined
    }
    if (this.#reader?.push(chunk) === false) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#sweep.delete(this)
    this.#reader?.push(null)
    this.onComplete?.()
  }

  readonly #onClose = (): void => {
    this.fail(new HeadgateError('HEADGATE_CLIENT_GONE'))
    this.#sweep.delete(this)
  }
}

/** What one attempt reads: ends, fails or is dropped without the client's connection noticing. */
class BodyReader extends Readable {
  readonly #body: RequestBody

  constructor(body: RequestBody) {
    super()
    this.#body = body
    // The attempt hears of a failure through its own error; an unheard one must not end the process.
    this.on('error', () => {})
  }

  override _read(): void {
    this.#body.wanted(this)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#body.abandoned(this)
    callback(error)
  }
}
