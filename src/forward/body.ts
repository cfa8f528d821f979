import type { Readable } from 'node:stream'
import { HeadgateError } from '../errors.ts'
import { BodyReader } from './body-reader.ts'
import { allowedTrailers } from './headers.ts'
import { Expiring, type Sweep } from './sweep.ts'

/** What a request's body may cost. */
export interface BodyLimits {
  /** Largest body, bytes; more is 413. 0 = no limit. */
  bodyLimit: number
  /** Time for the whole body, ms, and 1 s more for every 500 bytes received; more is 408. 0 = no limit. */
  bodyTimeout: number
}

/** Whose request has the body. */
export interface BodyOwner {
  onBodyFailed(error: Error): void
}

/** A stream of a body; of a request of Node's, which knows more than its stream says. */
export type BodySource = Readable & {
  readonly complete?: boolean
  readonly aborted?: boolean
  readonly httpVersionMajor?: number
  readonly rawHeaders?: readonly string[]
  readonly rawTrailers?: readonly string[]
}

/** Bodies up to this size are kept until the response begins, so that another server can get them too; bytes. */
const keepLimit = 64 * 1024
const msPerByte = 1000 / 500

/** How long a body may have taken of which so much has come, ms. */
export function allowedMs(bodyTimeout: number, received: number): number {
  return bodyTimeout + received * msPerByte
}

/**
 * The body of a client's request. It is not touched before a server wants it, is read at the pace of that server, and
 * is never destroyed with the server's connection: the client still has an answer to get.
 */
export class RequestBody extends Expiring {
  /** When the last byte had arrived, on the sweep's clock; undefined before. */
  completedAt: number | undefined
  /** When bytes last came, or were first asked for again. */
  progressAt: number
  /** Since when the server takes nothing although there may be more; undefined while it does. */
  heldUpAt: number | undefined
  /** Told once when the body cannot be had in full. */
  owner: BodyOwner | undefined
  readonly #source: BodySource
  readonly #limits: BodyLimits
  readonly #sweep: Sweep
  /** Where the client waits to be asked for the body: called once, before the first read. */
  #onWanted: (() => void) | undefined
  /** How long a client that waits to be asked is left to the server to ask, ms. */
  #holdMs = 0
  /** When it is asked nevertheless; undefined while nobody waits for the server's word. */
  #heldUntil: number | undefined
  /** What was read so far; undefined once it was too much to keep. */
  #kept: Buffer[] | undefined = []
  #reader: BodyReader | undefined
  #received = 0
  /** How long the client has had, not counting the time in which it could not send. */
  #usedMs = 0
  #lookedAt: number
  #isRead = false
  #error: Error | undefined

  constructor(source: BodySource, limits: BodyLimits, sweep: Sweep, onWanted?: () => void) {
    super()
    const now = sweep.now()
    this.#source = source
    this.#limits = limits
    this.#sweep = sweep
    this.#onWanted = onWanted
    this.#lookedAt = now
    this.progressAt = now
    sweep.add(this)
    // Paused first: a listener for data would begin to read.
    source.pause()
    source.on('data', this.#onData)
    source.on('end', this.#onEnd)
    source.on('error', this.#onError)
    source.on('close', this.#onClose)
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received
  }

  /** True while the client waits to be asked for the body. */
  get isAwaited(): boolean {
    return this.#onWanted !== undefined
  }

  /** True while a server could be given the whole body from its first byte. */
  isReplayable(): boolean {
    return this.#kept !== undefined && this.#error === undefined
  }

  /**
   * A stream of the whole body, for one attempt. The reader before it gets no more.
   *
   * @param holdMs how long a client that waits to be asked is not asked, unless by `proceed`
   */
  open(holdMs = 0): Readable {
    const reader = new BodyReader(this)
    this.#reader = reader
    this.heldUpAt = this.#sweep.now()
    this.#holdMs = holdMs
    this.#heldUntil = undefined
    for (const chunk of this.#kept ?? []) reader.push(chunk)
    if (this.#error !== undefined) reader.destroy(this.#error)
    else if (this.#isRead) this.#end(reader)
    return reader
  }

  /** The server wants the body. */
  proceed(): void {
    this.#holdMs = 0
    if (this.#heldUntil !== undefined) this.#pull()
  }

  /** The response has begun: nothing will be sent again, so nothing needs to be kept, nor is a client still asked. */
  forget(): void {
    this.#kept = undefined
    this.#heldUntil = undefined
  }

  /** Reads on and drops what comes, so that the client's connection can be used again. */
  discard(): void {
    const reader = this.#reader
    this.#reader = undefined
    this.#kept = undefined
    this.#sweep.delete(this)
    reader?.destroy()
    // Nothing comes from a client that was not asked.
    if (this.#onWanted !== undefined) return
    if (!this.#isRead && !this.#source.destroyed) this.#source.resume()
  }

  expire(now: number): void {
    if (this.#heldUntil !== undefined) this.#hold(this.#heldUntil, now)
    if (this.#source.complete === true) this.#complete(now)
    if (this.completedAt !== undefined) return
    // While no server takes anything, the client cannot send: the delay is not its fault.
    if (this.heldUpAt === undefined && this.#reader !== undefined) this.#usedMs += now - this.#lookedAt
    this.#lookedAt = now
    const { bodyTimeout } = this.#limits
    if (bodyTimeout > 0 && this.#usedMs > allowedMs(bodyTimeout, this.#received)) {
      this.fail(new HeadgateError('HEADGATE_CLIENT_TIMEOUT'))
    }
  }

  /** The body cannot be had in full: whoever reads it is told. */
  fail(error: Error): void {
    if (this.#isRead || this.#error !== undefined) return
    this.#error = error
    this.#sweep.delete(this)
    this.#source.pause()
    this.owner?.onBodyFailed(error)
    this.#reader?.destroy(error)
  }

  /** The reader has room. */
  wanted(reader: BodyReader): void {
    if (reader !== this.#reader || this.#error !== undefined || this.heldUpAt === undefined) return
    if (this.#holdMs === 0) return this.#pull()
    const now = this.#sweep.now()
    this.#heldUntil ??= now + this.#holdMs
    this.#hold(this.#heldUntil, now)
  }

  takeWhole(reader: BodyReader): Buffer | undefined {
    const source = this.#source
    const { complete, httpVersionMajor, readableLength } = source
    if (reader !== this.#reader || this.#received > 0 || this.#holdMs > 0 || this.isAwaited) return undefined
    // A request of HTTP/2 calls itself complete when it was broken off, too.
    if (complete !== true || httpVersionMajor !== 1 || hasTrailers(source)) return undefined
    if (readableLength === 0 || this.#isTooMuch(readableLength)) return undefined
    this.#reader = undefined
    this.heldUpAt = undefined
    const whole = source.read(readableLength) as Buffer
    // Only the end is left to come.
    source.resume()
    return whole
  }

  /** The reader wants no more. */
  abandoned(reader: BodyReader): void {
    if (reader !== this.#reader) return
    this.#reader = undefined
    this.#source.pause()
  }

  #isTooMuch(length: number): boolean {
    const { bodyLimit } = this.#limits
    return bodyLimit > 0 && length > bodyLimit
  }

  #pull(): void {
    this.#heldUntil = undefined
    this.heldUpAt = undefined
    this.progressAt = this.#sweep.now()
    this.#onWanted?.()
    this.#onWanted = undefined
    this.#source.resume()
  }

  /** Waits for the server's word no longer than that, and not at all for the sake of a client that did not wait either. */
  #hold(until: number, now: number): void {
    const { readableLength, complete } = this.#source
    if (now >= until || readableLength > 0 || complete === true) this.proceed()
    else this.heldUpAt = now
  }

  #complete(now: number): void {
    this.completedAt ??= now
    this.#sweep.delete(this)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#received += chunk.length
    this.progressAt = this.#sweep.now()
    if (this.#isTooMuch(this.#received)) return this.fail(new HeadgateError('HEADGATE_BODY_TOO_LARGE'))
    if (this.#kept !== undefined) {
      if (this.#received <= keepLimit) this.#kept.push(chunk)
      else this.#kept = undefined
    }
    if (this.#reader === undefined || this.#reader.push(chunk)) return
    this.heldUpAt = this.progressAt
    this.#source.pause()
  }

  readonly #onEnd = (): void => {
    // What a client of HTTP/2 breaks off ends like what is whole.
    if (this.#source.aborted === true) return this.fail(new HeadgateError('HEADGATE_CLIENT_GONE'))
    this.#isRead = true
    this.heldUpAt = undefined
    this.#complete(this.#sweep.now())
    if (this.#reader !== undefined) this.#end(this.#reader)
  }

  #end(reader: BodyReader): void {
    const { rawTrailers = [], rawHeaders } = this.#source
    if (hasTrailers(this.#source)) reader.trailerLines = allowedTrailers(rawTrailers, rawHeaders)
    reader.push(null)
  }

  readonly #onError = (error: Error): void => {
    const told = error instanceof HeadgateError
    this.fail(told ? error : new HeadgateError('HEADGATE_CLIENT_GONE', { cause: error }))
  }

  readonly #onClose = (): void => {
    if (this.#isRead) return
    this.fail(new HeadgateError('HEADGATE_CLIENT_GONE'))
    this.#sweep.delete(this)
  }
}

function hasTrailers({ rawTrailers }: BodySource): boolean {
  return rawTrailers !== undefined && rawTrailers.length > 0
}
