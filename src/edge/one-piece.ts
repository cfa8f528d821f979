/** What is copied at most, bytes; and what one client that takes nothing can hold. */
const mostBytes = 16 * 1024

/** Memory in which head and body become one piece: to copy some KB costs less than to write a second piece. */
export class OnePiece {
  #memory: Buffer | undefined

  /** Undefined where they are too long. What it gives is good until the next time, or until `leave()`. */
  join(head: string, body: Buffer): Buffer | undefined {
    const length = head.length + body.length
    if (length > mostBytes) return undefined
    this.#memory ??= Buffer.allocUnsafeSlow(mostBytes)
    this.#memory.write(head, 'latin1')
    this.#memory.set(body, head.length)
    return this.#memory.subarray(0, length)
  }

  /** Leaves the last piece to whoever still has to write it. */
  leave(): void {
    this.#memory = undefined
  }
}
