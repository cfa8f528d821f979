const closeOpcode = 8

/**
 * Knows where the frames of a WebSocket begin and end (RFC 6455, section 5.2) in one direction of its connection. Only
 * their first bytes are looked at.
 *
 *     opcode | mask bit, length | 0, 2 or 8 bytes of length | 0 or 4 bytes of mask | payload
 */
export class FrameCursor {
  /** A close frame has begun: none may follow it. */
  hasClosed = false
  /** Bytes of the header that have come; 0 between frames. */
  #headerBytes = 0
  #headerSize = 2
  #lengthEnd = 2
  #opcode = 0
  #payload = 0
  /** Bytes of the payload that are still to come. */
  #left = 0

  /** Whether the last frame is complete and no other has begun. */
  get isBetween(): boolean {
    return this.#headerBytes === 0 && this.#left === 0
  }

  /** Goes on through bytes; returns how many, which is all of them, or only those to the end of a frame. */
  read(bytes: Uint8Array, stopsBetween = false): number {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, bytes.length - at)
        this.#left -= count
        at += count
      } else this.#readHeader(bytes[at++] as number)
      if (stopsBetween && this.isBetween) break
    }
    return at
  }

  #readHeader(byte: number): void {
    const nth = this.#headerBytes++
    if (nth === 0) {
      this.#opcode = byte & 0x0f
      this.#headerSize = 2
    } else if (nth === 1) {
      const length = byte & 0x7f
      this.#lengthEnd = length === 126 ? 4 : length === 127 ? 10 : 2
      this.#headerSize = this.#lengthEnd + (byte >= 0x80 ? 4 : 0)
      this.#payload = this.#lengthEnd === 2 ? length : 0
    } else if (nth < this.#lengthEnd) this.#payload = this.#payload * 256 + byte
    if (this.#headerBytes < this.#headerSize) return
    this.#headerBytes = 0
    this.#left = this.#payload
    if (this.#opcode === closeOpcode) this.hasClosed = true
  }
}
