/** The end of a response: its status, and whether its connection can carry another request. */
export interface ReadResponse {
  statusCode: number
  isReusable: boolean
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * Finds the ends of responses in what a connection receives, one request at a time. As little as honest counting needs: it
 * trusts the framing, and keeps nothing of a body.
 */
export class ResponseReader {
  #head: Buffer | undefined
  #statusCode = 0
  #isReusable = true
  /** Bytes of the body still to come; -1 = chunks, -2 = until the connection ends. */
  #missing = 0
  /** In a body of chunks: bytes of data still to come with their line end, or what was read of a line. */
  #chunkMissing = 0
  #line = ''
  #isLastChunk = false

  /** Takes what has come. Returns the response where it is complete. */
  push(bytes: Buffer): ReadResponse | undefined {
    let rest = bytes
    if (this.#statusCode === 0) {
      const whole = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes])
      const end = whole.indexOf(headEnd)
      if (end === -1) {
        this.#head = whole
        return undefined
      }
      this.#head = undefined
      this.#readHead(whole.toString('latin1', 0, end + 2))
      rest = whole.subarray(end + headEnd.length)
      if (this.#statusCode < 200) {
        this.#statusCode = 0
        return this.push(rest)
      }
    }
    if (this.#missing === -1) return this.#readChunks(rest) ? this.#complete() : undefined
    if (this.#missing === -2) return undefined
    this.#missing -= rest.length
    return this.#missing <= 0 ? this.#complete() : undefined
  }

  /** The connection has ended. Returns the response where that is its end. */
  end(): ReadResponse | undefined {
    if (this.#statusCode === 0 || this.#missing !== -2) return undefined
    this.#isReusable = false
    return this.#complete()
  }

  #readHead(head: string): void {
    const fields = head.toLowerCase()
    this.#statusCode = Number(head.slice(9, 12))
    this.#isReusable = !fields.includes('\r\nconnection: close')
    const length = /\r\ncontent-length: *(\d+)/.exec(fields)?.[1]
    if (/\r\ntransfer-encoding: *chunked/.test(fields)) {
      this.#missing = -1
      this.#chunkMissing = 0
      this.#line = ''
      this.#isLastChunk = false
    } else if (length !== undefined) this.#missing = Number(length)
    else this.#missing = this.#statusCode === 204 || this.#statusCode === 304 ? 0 : -2
  }

  /** True at the end of the last chunk. */
  #readChunks(bytes: Buffer): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#chunkMissing > 0) {
        const taken = Math.min(this.#chunkMissing, bytes.length - at)
        this.#chunkMissing -= taken
        at += taken
        continue
      }
      const end = bytes.indexOf(0x0a, at)
      this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
      if (end === -1) return false
      at = end + 1
      const line = this.#line.trim()
      this.#line = ''
      if (this.#isLastChunk) {
        // An empty line ends the trailers, and with them the message.
        if (line === '') return true
      } else {
        const size = Number.parseInt(line, 16)
        if (size === 0) this.#isLastChunk = true
        else this.#chunkMissing = size + 2
      }
    }
    return false
  }

  #complete(): ReadResponse {
    const response = { statusCode: this.#statusCode, isReusable: this.#isReusable }
    this.#statusCode = 0
    return response
  }
}
