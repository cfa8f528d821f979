import { errors } from 'undici'
import { badResponse } from './bad-response.ts'
import { type BodyFraming, closeBody, LengthBody, piece } from './body-framing.ts'
import { ChunkedBody } from './chunked-body.ts'
import { HeadScanner, readStatusLine } from './head-scanner.ts'
import { type ResponseHead, responseHead } from './response-head.ts'

/** Who learns what the bytes of a response say. */
export interface ResponseListener {
  /** While true, neither a piece of the body nor its end is told. */
  readonly isPaused: boolean
  /** An interim response, any number of times, or the final one. */
  onHead(head: ResponseHead): void
  onData(piece: Buffer): void
  /** The response is complete. Where more bytes follow it, they are nobody's. */
  onComplete(trailers: string[], hasExcess: boolean): void
  /** The server has switched protocols: what follows the head belongs to the new one. */
  onSwitch(head: ResponseHead, rest: Buffer): void
  /** Bytes that no request has asked for. */
  onExcess(): void
}

export interface ResponseLimits {
  /** Bytes of a head, and of the trailers. */
  maxHeaderSize: number
}

const maxFields = 1000
/** Interim responses altogether may have as many bytes as so many heads. */
const maxInterimHeads = 16

const nothing = Buffer.alloc(0)
const none: string[] = []

type Phase = 'idle' | 'head' | 'body' | 'stopped'

/**
 * Reads responses out of the bytes of a connection, one for each request, in whatever pieces they come.
 *
 *     idle -> head (interim*) -> body -> idle         bytes while idle are nobody's
 *
 * Throws where the bytes are not HTTP/1.1; no more is told then.
 */
export class ResponseParser {
  readonly #listener: ResponseListener
  readonly #scanner: HeadScanner
  readonly #maxInterimBytes: number
  readonly #length = new LengthBody()
  readonly #chunked: ChunkedBody
  readonly #take: (piece: Buffer) => void
  #phase: Phase = 'idle'
  #body: BodyFraming = this.#length
  #method = ''
  #isUpgrade = false
  #interimBytes = 0
  /** What has come and is not told yet: the beginning of a head, or what came during a pause. */
  #held: Buffer | undefined
  #isRunning = false

  constructor(listener: ResponseListener, { maxHeaderSize }: ResponseLimits) {
    this.#listener = listener
    this.#scanner = new HeadScanner({ maxBytes: maxHeaderSize, maxFields })
    this.#maxInterimBytes = maxInterimHeads * maxHeaderSize
    this.#chunked = new ChunkedBody(this.#scanner, maxHeaderSize)
    const take = (piece: Buffer) => listener.onData(piece)
    this.#take = take
  }

  /** A request has been sent: a response is due. */
  expect(method: string, isUpgrade: boolean): void {
    this.#phase = 'head'
    this.#method = method
    this.#isUpgrade = isUpgrade
    this.#interimBytes = 0
    this.#scanner.beginHead()
  }

  /** Whether some of the response due has come. */
  hasBegun(): boolean {
    return this.#phase === 'body' || this.#held !== undefined
  }

  push(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = undefined
    this.#run(bytes)
  }

  /** Tells what came during a pause. */
  resume(): void {
    if (this.#isRunning || this.#phase !== 'body') return
    const bytes = this.#held ?? nothing
    this.#held = undefined
    this.#run(bytes)
  }

  /** The connection has ended: what is wrong with that, if anything. */
  finish(): Error | undefined {
    if (this.#phase === 'head') return new errors.SocketError('other side closed')
    if (this.#phase !== 'body') return undefined
    const error = this.#body.finish()
    if (error === undefined) this.#complete(false)
    return error
  }

  /** Nothing more is told. */
  stop(): void {
    this.#phase = 'stopped'
    this.#held = undefined
  }

  #run(bytes: Buffer): void {
    this.#isRunning = true
    try {
      let at = 0
      while (at < bytes.length && this.#phase !== 'stopped') {
        if (this.#phase === 'head') at = this.#readHead(bytes, at)
        else if (this.#phase === 'idle') {
          this.stop()
          this.#listener.onExcess()
        } else if (this.#listener.isPaused) {
          this.#held = piece(bytes, at, bytes.length)
          return
        } else {
          if (!this.#body.isComplete) at = this.#body.read(bytes, at, this.#take)
          this.#endBody(at < bytes.length)
        }
      }
      if (bytes.length === 0) this.#endBody(false)
    } finally {
      this.#isRunning = false
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const source = piece(bytes, at, bytes.length)
    const end = this.#scanner.scan(source)
    if (end === -1) {
      this.#held = source
      return bytes.length
    }
    const text = source.toString('latin1', 0, end)
    const { statusLineEnd } = this.#scanner
    const { statusCode, isVersion10 } = readStatusLine(text.slice(0, statusLineEnd))
    const fields = this.#scanner.fields(text)
    const head = responseHead(statusCode, text.slice(13, statusLineEnd), isVersion10, fields)
    const next = at + end
    if (this.#switches(statusCode)) {
      this.stop()
      this.#listener.onSwitch(head, piece(bytes, next, bytes.length))
    } else if (statusCode < 200) {
      this.#countInterim(end)
      this.#listener.onHead(head)
    } else {
      this.#beginBody(head)
      this.#listener.onHead(head)
      this.#endBody(next < bytes.length)
    }
    return next
  }

  /** RFC 9110, sections 9.3.6 and 15.2.2. */
  #switches(statusCode: number): boolean {
    if (this.#method === 'CONNECT') return statusCode >= 200 && statusCode < 300
    if (statusCode === 101 && !this.#isUpgrade) throw badResponse('it switches protocols without being asked')
    return statusCode === 101
  }

  #countInterim(bytes: number): void {
    this.#interimBytes += bytes
    if (this.#interimBytes > this.#maxInterimBytes) throw new errors.HeadersOverflowError()
    this.#scanner.beginHead()
  }

  /** RFC 9112, section 6.3: in this order. */
  #beginBody({ statusCode, contentLength, isChunked }: ResponseHead): void {
    this.#phase = 'body'
    if (this.#method === 'HEAD' || statusCode === 204 || statusCode === 304) this.#beginLength(0)
    else if (isChunked) {
      this.#chunked.begin()
      this.#body = this.#chunked
    } else if (contentLength !== -1) this.#beginLength(contentLength)
    else this.#body = closeBody
  }

  #beginLength(length: number): void {
    this.#length.begin(length)
    this.#body = this.#length
  }

  #endBody(hasExcess: boolean): void {
    if (this.#phase === 'body' && this.#body.isComplete && !this.#listener.isPaused) this.#complete(hasExcess)
  }

  #complete(hasExcess: boolean): void {
    this.#phase = hasExcess ? 'stopped' : 'idle'
    this.#listener.onComplete(this.#body === this.#chunked ? this.#chunked.trailers : none, hasExcess)
  }
}
