import { Socket } from 'node:net'

/** Bytes that one read may bring. */
const readSize = 64 * 1024
/** From this size on, a buffer of its own for each read costs less than a copy; bytes. */
const copyLimit = 16 * 1024

/** What sockets read into whose bytes come in small pieces: each copies its bytes out before another one reads. */
const shared = Buffer.allocUnsafeSlow(readSize)

/**
 * A socket that hands what arrives to one listener, past the stream that it is besides: at one read for each response, the
 * stream and a buffer for each read cost more than the bytes. Without a listener it is read as a stream.
 */
export class DirectSocket extends Socket {
  /** Called with the bytes of each read, which are its to keep. While it is set, nobody reads the stream. */
  onBytes: ((bytes: Buffer) => void) | undefined
  #buffer = shared
  #isBulk = false

  constructor() {
    super({ onread: { buffer: () => this.#nextBuffer(), callback: (length) => this.#take(length) } })
  }

  /** False where the stream wants no more for now. */
  #take(length: number): boolean {
    const bytes = this.#buffer.subarray(0, length)
    const isShared = this.#buffer === shared
    this.#isBulk = length > copyLimit
    const own = isShared ? Buffer.from(bytes) : bytes
    if (this.onBytes === undefined) return this.push(own)
    this.onBytes(own)
    return true
  }

  /** What the next read goes into. */
  #nextBuffer(): Buffer {
    this.#buffer = this.#isBulk ? Buffer.allocUnsafeSlow(readSize) : shared
    return this.#buffer
  }
}
