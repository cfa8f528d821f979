import type { Socket } from 'node:net'

/** `HTTP/1.1 100` */
const statusEnd = 12
const headEnd = '\r\n\r\n'
/** Answers of `100 Continue` that are taken out of one response, and the bytes that each may have. */
const maxContinues = 16
const maxContinueBytes = 4096

/**
 * Stands between a socket and undici's parser for the first bytes of each response. undici gives a connection up at
 * a `100 Continue` that it has not asked for, which every client has to bear (RFC 9110, section 15.2), and takes any
 * version for HTTP/1.1. So the first is taken out here, and the second refused.
 */
export class HeadGuard {
  readonly #socket: Socket
  readonly #read: Socket['read']
  #isExpecting = false
  #continues = 0
  /** The beginning of a response, of which too little has come. */
  #held: Buffer | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    this.#read = socket.read
    const guardedRead: Socket['read'] = (size) => {
      const chunk = this.#read.call(socket, size) as Buffer | null
      return this.#isExpecting && chunk !== null ? this.#look(chunk) : chunk
    }
    socket.read = guardedRead
  }

  /** A response is due. */
  expect(): void {
    this.#isExpecting = true
    this.#continues = 0
    this.#held = undefined
  }

  #look(read: Buffer): Buffer | null {
    const chunk = this.#held === undefined ? read : Buffer.concat([this.#held, read])
    this.#held = undefined
    if (chunk.length < statusEnd && isBeginning(chunk)) return this.#hold(chunk)
    if (!isContinue(chunk)) {
      this.#isExpecting = false
      return isVersionOne(chunk) ? chunk : this.#refuse()
    }
    const end = chunk.indexOf(headEnd)
    if (end === -1) return chunk.length > maxContinueBytes ? this.#refuse() : this.#hold(chunk)
    if (++this.#continues > maxContinues) return this.#refuse()
    const rest = chunk.subarray(end + headEnd.length)
    return rest.length === 0 ? this.#socket.read() : this.#look(rest)
  }

  #hold(chunk: Buffer): Buffer | null {
    this.#held = chunk
    return this.#socket.read()
  }

  #refuse(): null {
    const error = new Error('The server does not speak HTTP/1.1')
    this.#socket.destroy(Object.assign(error, { code: 'HPE_INVALID_VERSION' }))
    return null
  }
}

const protocol = Buffer.from('HTTP/1.')

function isBeginning(chunk: Buffer): boolean {
  return chunk.subarray(0, protocol.length).equals(protocol.subarray(0, chunk.length))
}

/** Whatever does not even begin like HTTP is left to the parser, which says what is wrong with it. */
function isVersionOne(chunk: Buffer): boolean {
  return chunk.toString('latin1', 0, 5) !== 'HTTP/' || (isBeginning(chunk) && chunk[8] === 0x20)
}

function isContinue(chunk: Buffer): boolean {
  return chunk[9] === 0x31 && chunk[10] === 0x30 && chunk[11] === 0x30 && isBeginning(chunk)
}
