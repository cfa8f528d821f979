import { errors } from 'undici'
import { badResponse } from './bad-response.ts'
import { type BodyFraming, piece } from './body-framing.ts'
import { carriageReturn, hexValue, lineFeed, semicolon } from './bytes.ts'
import { ChunkExtensions } from './chunk-extensions.ts'
import type { HeadScanner } from './head-scanner.ts'

const inSize = 0
const inExtension = 1
const atSizeEnd = 2
const inData = 3
const atDataEnd = 4
const atChunkEnd = 5
const inTrailers = 6
const isOver = 7

/** A chunk has less than 2^52 bytes. */
const maxDigits = 13

/**
 * A body in the chunked coding (RFC 9112, section 7.1): sizes are hexadecimal digits and nothing else, lines end with
 * CRLF and with nothing else, extensions are skipped, and trailers are read by the rules of a head.
 */
export class ChunkedBody implements BodyFraming {
  /** Field lines behind the last chunk. */
  trailers: string[] = []
  readonly #scanner: HeadScanner
  /** Bytes of extensions that a whole body may have. */
  readonly #maxExtensions: number
  #state = inSize
  #size = 0
  #digits = 0
  #extensionBytes = 0
  readonly #extensions = new ChunkExtensions()
  /** Trailers that have not ended. */
  #held: Buffer | undefined

  constructor(scanner: HeadScanner, maxExtensions: number) {
    this.#scanner = scanner
    this.#maxExtensions = maxExtensions
  }

  get isComplete(): boolean {
    return this.#state === isOver
  }

  begin(): void {
    this.trailers = []
    this.#state = inSize
    this.#size = 0
    this.#digits = 0
    this.#extensionBytes = 0
    this.#held = undefined
  }

  read(bytes: Buffer, from: number, take: (piece: Buffer) => void): number {
    let at = from
    while (at < bytes.length) {
      const byte = bytes[at] as number
      switch (this.#state) {
        case inSize:
          this.#readSize(byte)
          at++
          break
        case inExtension:
          if (this.#extensions.endAt(byte)) this.#state = atSizeEnd
          else if (++this.#extensionBytes > this.#maxExtensions) throw new errors.HeadersOverflowError()
          at++
          break
        case inData: {
          const end = Math.min(bytes.length, at + this.#size)
          this.#size -= end - at
          if (this.#size === 0) this.#state = atDataEnd
          take(piece(bytes, at, end))
          return end
        }
        case inTrailers:
          return this.#readTrailers(bytes, at)
        case atDataEnd:
          if (byte !== carriageReturn) throw badResponse('a chunk that is longer than its size')
          this.#state = atChunkEnd
          at++
          break
        default:
          if (byte !== lineFeed) throw badResponse('a line of a chunk that does not end with CRLF')
          this.#endLine()
          at++
      }
    }
    return at
  }

  finish(): Error {
    return new errors.SocketError('other side closed')
  }

  #readSize(byte: number): void {
    const digit = hexValue[byte] as number
    if (digit < 16) {
      if (++this.#digits > maxDigits) throw badResponse('a chunk size that is too large')
      this.#size = this.#size * 16 + digit
      return
    }
    if (this.#digits === 0) throw badResponse('a chunk without a size')
    if (byte === carriageReturn) this.#state = atSizeEnd
    else if (byte === semicolon) {
      this.#state = inExtension
      this.#extensions.begin()
    } else throw badResponse('a malformed chunk size')
  }

  /** Behind a size, or behind the data of a chunk. */
  #endLine(): void {
    const isSize = this.#state === atSizeEnd
    this.#digits = 0
    if (!isSize) this.#state = inSize
    else if (this.#size > 0) this.#state = inData
    else {
      this.#state = inTrailers
      this.#scanner.beginTrailers()
    }
  }

  #readTrailers(bytes: Buffer, at: number): number {
    const before = this.#held?.length ?? 0
    const trailers = before === 0 ? piece(bytes, at, bytes.length) : this.#join(bytes, at)
    const end = this.#scanner.scan(trailers)
    if (end === -1) {
      this.#held = trailers
      return bytes.length
    }
    this.trailers = this.#scanner.fields(trailers.toString('latin1', 0, end))
    if (this.trailers.some(frames)) throw badResponse('a trailer that frames the message')
    this.#held = undefined
    this.#state = isOver
    return at + end - before
  }

  #join(bytes: Buffer, at: number): Buffer {
    return Buffer.concat([this.#held as Buffer, piece(bytes, at, bytes.length)])
  }
}

/** Too late to say so, and a reader that merges trailers into the head would believe it (RFC 9110, section 6.5.1). */
function frames(line: string, index: number): boolean {
  if (index % 2 === 1 || (line.length !== 14 && line.length !== 17)) return false
  return /^(?:content-length|transfer-encoding)$/i.test(line)
}
