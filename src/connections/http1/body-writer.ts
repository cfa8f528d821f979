import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { errors } from 'undici'
import { takeWhole } from '../arrived-body.ts'
import { trailersOf } from '../trailed-body.ts'

/** Who learns how a body goes out: of each piece, and of the end, right before it is written. */
export interface BodyListener {
  onBodyPiece(piece: Buffer): void
  onBodyEnd(): void
  onBodyFailed(error: Error): void
}

/** How a body of a stream is framed. */
export interface BodyFrame {
  /** The head of the request, but for its framing and the empty line. */
  head: string
  /** The head leaves at once, whenever the body comes. */
  isHeadFirst: boolean
  /** Its length in bytes, or -1 for the chunked coding. */
  length: number
  /** Written for a body that turns out empty, where its length is not known. */
  emptyFraming: string
}

/** The last chunk, the trailers and the end of the message (RFC 9112, section 7.1). */
function chunkedEnd(trailers: readonly string[]): string {
  let text = '0\r\n'
  for (let index = 0; index < trailers.length; index += 2) {
    text += `${trailers[index]}: ${trailers[index + 1]}\r\n`
  }
  return `${text}\r\n`
}

const nothing = Buffer.alloc(0)

/**
 * Writes the body of a request from a stream, at the pace of the socket. The head leaves with the first piece: while
 * there is none, nothing of the request has been sent. One that is to leave first counts as a piece without a byte.
 */
export class BodyWriter {
  readonly #socket: Socket
  readonly #body: Readable
  readonly #frame: BodyFrame
  readonly #listener: BodyListener
  #written = 0
  #isHeadOut = false
  #isOver = false

  constructor(socket: Socket, body: Readable, frame: BodyFrame, listener: BodyListener) {
    this.#socket = socket
    this.#body = body
    this.#frame = frame
    this.#listener = listener
  }

  start(): void {
    const body = this.#body
    const whole = this.#frame.isHeadFirst ? undefined : takeWhole(body)
    if (whole !== undefined) return this.#writeWhole(whole)
    if (this.#frame.isHeadFirst) {
      this.#listener.onBodyPiece(nothing)
      if (this.#isOver) return
      this.#socket.write(this.#takeHead(), 'latin1')
    }
    body.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    if (body.errored) queueMicrotask(() => this.#onError(body.errored as Error))
    else if (body.readableEnded) queueMicrotask(this.#onEnd)
    else if (body.closed) queueMicrotask(this.#onClose)
    else body.resume()
  }

  /** The socket has room again. */
  drain(): void {
    if (!this.#isOver) this.#body.resume()
  }

  /** Wants no more of the body. */
  stop(): void {
    if (this.#isOver) return
    this.#release()
    this.#body.destroy()
  }

  #writeWhole(bytes: Buffer): void {
    const { length } = this.#frame
    if (length !== -1 && bytes.length !== length) return this.#mismatch()
    this.#listener.onBodyPiece(bytes)
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.onBodyEnd()
    if (length === -1) this.#writeChunk(bytes, `\r\n${chunkedEnd([])}`)
    else this.#writePiece(bytes)
  }

  readonly #onData = (data: Buffer | string): void => {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data
    if (chunk.length === 0) return
    const { length } = this.#frame
    if (length !== -1 && this.#written + chunk.length > length) return this.#mismatch()
    this.#listener.onBodyPiece(chunk)
    if (this.#isOver) return
    const hasRoom = length === -1 ? this.#writeChunk(chunk) : this.#writePiece(chunk)
    this.#written += chunk.length
    if (!hasRoom && !this.#isOver) this.#body.pause()
  }

  readonly #onEnd = (): void => {
    if (this.#isOver) return
    const { head, length, emptyFraming } = this.#frame
    if (length !== -1 && this.#written !== length) return this.#mismatch()
    this.#release()
    this.#listener.onBodyEnd()
    const trailers = length === -1 ? trailersOf(this.#body) : []
    if (this.#isHeadOut) {
      if (length === -1) this.#socket.write(chunkedEnd(trailers), 'latin1')
    } else if (trailers.length === 0) this.#socket.write(`${head}${emptyFraming}\r\n`, 'latin1')
    else this.#socket.write(this.#takeHead() + chunkedEnd(trailers), 'latin1')
  }

  readonly #onError = (error: Error): void => {
    if (this.#isOver) return
    this.#release()
    this.#listener.onBodyFailed(error)
  }

  readonly #onClose = (): void => this.#onError(new errors.RequestAbortedError())

  #writePiece(chunk: Buffer): boolean {
    return this.#isHeadOut
      ? this.#socket.write(chunk)
      : writeTogether(this.#socket, this.#takeHead(), chunk, '')
  }

  #writeChunk(chunk: Buffer, end = '\r\n'): boolean {
    const size = `${chunk.length.toString(16)}\r\n`
    return writeTogether(this.#socket, this.#isHeadOut ? size : this.#takeHead() + size, chunk, end)
  }

  /** The head, with the framing of a body that is not empty. */
  #takeHead(): string {
    this.#isHeadOut = true
    const { head, length } = this.#frame
    return length === -1
      ? `${head}transfer-encoding: chunked\r\n\r\n`
      : `${head}content-length: ${length}\r\n\r\n`
  }

  /** What was declared and what came differ: the server must not take one for the other. */
  #mismatch(): void {
    this.#release()
    this.#body.destroy()
    this.#listener.onBodyFailed(new errors.RequestContentLengthMismatchError())
  }

  #release(): void {
    this.#isOver = true
    const body = this.#body
    body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    // Its error may still come, and must not end the process; `#onError` does nothing with it any more.
  }
}

/** Up to this size, in bytes, a copy is cheaper than a second piece for the kernel. */
const copyLimit = 4 * 1024

/** Writes text in latin1, bytes and text in one go. */
export function writeTogether(socket: Socket, before: string, chunk: Uint8Array, after: string): boolean {
  if (chunk.length > copyLimit) {
    socket.cork()
    socket.write(before, 'latin1')
    const hasRoom = socket.write(chunk)
    const result = after === '' ? hasRoom : socket.write(after, 'latin1')
    socket.uncork()
    return result
  }
  const all = Buffer.allocUnsafe(before.length + chunk.length + after.length)
  all.write(before, 0, 'latin1')
  all.set(chunk, before.length)
  if (after !== '') all.write(after, before.length + chunk.length, 'latin1')
  return socket.write(all)
}
