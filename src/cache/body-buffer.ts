/** The body of a response while it arrives: pieces that several readers take at their own pace. */
export class BodyBuffer {
  #pieces: Buffer[] = []
  /** Pieces that were let go. */
  #gone = 0
  /** Bytes that have arrived. */
  length = 0
  /** No more pieces come. */
  ended = false
  trailers: string[] = []
  /** Where the pieces are copied to as they come, so that nothing large is left to do at the end. */
  #target: Buffer | undefined

  static of(body: Buffer | undefined): BodyBuffer {
    const buffer = new BodyBuffer()
    if (body !== undefined) buffer.add(body)
    buffer.ended = true
    return buffer
  }

  /** The whole will be of this size. Only before the first piece. */
  reserve(size: number): void {
    if (size > 0) this.#target = Buffer.allocUnsafeSlow(size)
  }

  add(piece: Buffer): void {
    const target = this.#target
    const end = this.length + piece.length
    if (target !== undefined && end <= target.length) {
      piece.copy(target, this.length)
      this.#pieces.push(target.subarray(this.length, end))
    } else {
      this.#target = undefined
      this.#pieces.push(piece)
    }
    this.length = end
  }

  /** The piece of this number, counted from the first that ever arrived. */
  piece(number: number): Buffer | undefined {
    return this.#pieces[number - this.#gone]
  }

  /** Lets go of the pieces before this number; whoever still needs one of them is lost. */
  release(number: number): void {
    if (number <= this.#gone) return
    this.#pieces.splice(0, number - this.#gone)
    this.#gone = number
  }

  /** One buffer of exactly this size, so that no piece keeps a greater one in memory. */
  collect(): Buffer {
    if (this.#target?.length === this.length) return this.#target
    const body = Buffer.allocUnsafeSlow(this.length)
    let at = 0
    for (const piece of this.#pieces) at += piece.copy(body, at)
    return body
  }
}
