import { errors } from 'undici'

/** How the end of a body is found (RFC 9112, section 6.3). */
export interface BodyFraming {
  /** Whether the body has ended, and its trailers with it. */
  readonly isComplete: boolean
  /**
   * Reads on from `at`, gives at most one piece of the body to `take`, and returns how far it has read.
   * Not called at the end of the bytes, nor when the body is complete.
   */
  read(bytes: Buffer, at: number, take: (piece: Buffer) => void): number
  /** The connection has ended: undefined where that ends the body. */
  finish(): Error | undefined
}

/** A body of a known length. */
export class LengthBody implements BodyFraming {
  #left = 0

  get isComplete(): boolean {
    return this.#left === 0
  }

  begin(length: number): void {
    this.#left = length
  }

  read(bytes: Buffer, at: number, take: (piece: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    take(piece(bytes, at, end))
    return end
  }

  finish(): Error {
    return new errors.ResponseContentLengthMismatchError()
  }
}

/** A body that ends with its connection. */
export const closeBody: BodyFraming = {
  isComplete: false,
  read(bytes, at, take) {
    take(piece(bytes, at, bytes.length))
    return bytes.length
  },
  finish: () => undefined,
}

/** A part of the bytes, without a new view where it is all of them. */
export function piece(bytes: Buffer, start: number, end: number): Buffer {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
}
