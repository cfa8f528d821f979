import tls, { type TLSSocket } from 'node:tls'

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const

export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const errorCodes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const

export type Field = readonly [name: string, value: string]

/** What the gateway has sent on one stream. */
export interface RawStream {
  statuses: number[]
  data: string
  isEnded: boolean
  /** The code of RST_STREAM. */
  reset: number | undefined
}

const maxFrame = 16_384
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** The pseudo fields of a request, and others behind them. */
export function requestOf(path: string, ...others: Field[]): Field[] {
  return [[':method', 'GET'], [':scheme', 'https'], [':authority', 'a.example'], [':path', path], ...others]
}

/**
 * A client that puts frames on the wire as a test wants them, well formed or not. Of what it is sent it understands
 * statuses, bodies and the ends of streams; it shares no code with the gateway, or with Node's HTTP/2.
 */
export class RawH2Client {
  readonly streams = new Map<number, RawStream>()
  /** The codes of GOAWAY, in order. */
  readonly goaways: number[] = []
  readonly pongs: Buffer[] = []
  readonly settings = new Map<number, number>()
  isClosed = false
  readonly socket: TLSSocket
  #unread = Buffer.alloc(0)
  #waiting: { isMet: () => boolean; resolve: () => void }[] = []

  private constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => {
      this.isClosed = true
      this.#check()
    })
  }

  /** @param settings pairs of identifier and value for the first SETTINGS, by default no dynamic table; null = send nothing at all */
  static async connect(
    port: number,
    settings: readonly [number, number][] | null = [[1, 0]],
  ): Promise<RawH2Client> {
    const socket = tls.connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
    const client = new RawH2Client(socket)
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
    })
    if (settings !== null) client.#greet(settings)
    return client
  }

  /** The same over a connection that is there. */
  static over(socket: TLSSocket, settings: readonly [number, number][] = [[1, 0]]): RawH2Client {
    const client = new RawH2Client(socket)
    client.#greet(settings)
    return client
  }

  #greet(settings: readonly [number, number][]): void {
    this.socket.write(preface, 'latin1')
    this.frame('settings', 0, 0, settingsPayload(settings))
  }

  frame(
    type: keyof typeof frameTypes | number,
    frameFlags: number,
    stream: number,
    payload: Buffer | string = '',
  ): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
    const start = Buffer.alloc(9)
    start.writeUIntBE(bytes.length, 0, 3)
    start[3] = typeof type === 'number' ? type : frameTypes[type]
    start[4] = frameFlags
    start.writeUInt32BE(stream, 5)
    if (!this.socket.destroyed) this.socket.write(Buffer.concat([start, bytes]))
  }

  /** The head of a request, in as few frames as can be. */
  headers(stream: number, fields: readonly Field[], frameFlags: number = flags.endStream): void {
    const block = encode(fields)
    const isShort = block.length <= maxFrame
    this.frame('headers', (isShort ? flags.endHeaders : 0) | frameFlags, stream, block.subarray(0, maxFrame))
    for (let at = maxFrame; at < block.length; at += maxFrame) {
      const isLast = at + maxFrame >= block.length
      const piece = block.subarray(at, at + maxFrame)
      this.frame('continuation', isLast ? flags.endHeaders : 0, stream, piece)
    }
  }

  data(stream: number, text: string, isLast = true): void {
    this.frame('data', isLast ? flags.endStream : 0, stream, text)
  }

  reset(stream: number, code: number = errorCodes.cancel): void {
    this.frame('reset', 0, stream, uint32(code))
  }

  stream(id: number): RawStream {
    let stream = this.streams.get(id)
    if (stream === undefined) {
      stream = { statuses: [], data: '', isEnded: false, reset: undefined }
      this.streams.set(id, stream)
    }
    return stream
  }

  /** Resolves as soon as a condition is met; rejects where it never is. */
  until(isMet: () => boolean, what = 'something', withinMs = 5_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited in vain for ${what}: ${this.describe()}`)),
        withinMs,
      )
      const stop = () => {
        clearTimeout(timer)
        resolve()
      }
      const entry = { isMet, resolve: stop }
      this.#waiting.push(entry)
      this.#check()
    })
  }

  /** Resolves once a stream has ended, by whatever means. */
  over(id: number): Promise<void> {
    return this.until(() => isOver(this.stream(id)) || this.isClosed, `the end of stream ${id}`)
  }

  /** Resolves once everything sent so far has been read: what comes after it was not caused by it. */
  async settle(): Promise<void> {
    const count = this.pongs.length
    this.frame('ping', 0, 0, Buffer.alloc(8))
    await this.until(() => this.pongs.length > count || this.isClosed, 'a pong')
  }

  describe(): string {
    return JSON.stringify({ streams: [...this.streams], goaways: this.goaways, isClosed: this.isClosed })
  }

  close(): void {
    this.socket.destroy()
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      if (!isMet()) return true
      resolve()
      return false
    })
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk])
    while (this.#unread.length >= 9 && this.#unread.length >= 9 + this.#unread.readUIntBE(0, 3)) {
      const length = this.#unread.readUIntBE(0, 3)
      const id = this.#unread.readUInt32BE(5) & 0x7fffffff
      this.#take(this.#unread[3]!, this.#unread[4]!, id, this.#unread.subarray(9, 9 + length))
      this.#unread = this.#unread.subarray(9 + length)
    }
    this.#check()
  }

  #take(type: number, frameFlags: number, id: number, payload: Buffer): void {
    switch (type) {
      case frameTypes.data:
        this.stream(id).data += payload.toString('latin1')
        break
      case frameTypes.headers: {
        const status = statusOf(payload)
        if (status !== undefined) this.stream(id).statuses.push(status)
        break
      }
      case frameTypes.reset:
        this.stream(id).reset = payload.readUInt32BE(0)
        return
      case frameTypes.settings:
        for (let at = 0; at < payload.length; at += 6) {
          this.settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
        }
        if ((frameFlags & flags.ack) === 0) this.frame('settings', flags.ack, 0)
        return
      case frameTypes.ping:
        if ((frameFlags & flags.ack) !== 0) this.pongs.push(payload)
        else this.frame('ping', flags.ack, 0, payload)
        return
      case frameTypes.goaway:
        this.goaways.push(payload.readUInt32BE(4))
        return
      default:
        return
    }
    if ((frameFlags & flags.endStream) !== 0) this.stream(id).isEnded = true
  }
}

export function isOver({ isEnded, reset }: RawStream): boolean {
  return isEnded || reset !== undefined
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function settingsPayload(settings: readonly [number, number][]): Buffer {
  return Buffer.concat(
    settings.map(([id, value]) => {
      const bytes = Buffer.alloc(6)
      bytes.writeUInt16BE(id)
      bytes.writeUInt32BE(value, 2)
      return bytes
    }),
  )
}

/** Fields as literals that are never indexed (RFC 7541, section 6.2.3), without Huffman coding. */
export function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0x10]), ...string(name), ...string(value)]),
  )
}

function string(text: string): Buffer[] {
  return [integer(text.length), Buffer.from(text, 'latin1')]
}

/** An integer with a prefix of 7 bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

const indexed = [200, 204, 206, 304, 400, 404, 500]

/** The status, which comes first, whichever way nghttp2 writes it. */
function statusOf(block: Buffer): number | undefined {
  // A change of the table's size may come before everything (RFC 7541, section 4.2).
  let at = 0
  while ((block[at]! & 0xe0) === 0x20) at += (block[at]! & 0x1f) === 0x1f ? 2 : 1
  const first = block[at]!
  if (first >= 0x88 && first <= 0x8e) return indexed[first - 0x88]
  const isStatus = first === 0x48 || first === 0x08 || first === 0x18
  // Another index: a status that was sent before, which the dynamic table keeps.
  if (!isStatus) return undefined
  const length = block[at + 1]! & 0x7f
  const text = block.subarray(at + 2, at + 2 + length)
  return Number((block[at + 1]! & 0x80) === 0 ? text.toString('latin1') : digitsOf(text))
}

/** Huffman codes of the digits (RFC 7541, appendix B). */
const digits: Record<string, string> = {
  '00000': '0',
  '00001': '1',
  '00010': '2',
  '011001': '3',
  '011010': '4',
  '011011': '5',
  '011100': '6',
  '011101': '7',
  '011110': '8',
  '011111': '9',
}

function digitsOf(bytes: Buffer): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  let text = ''
  for (let code = ''; bits !== '' && text.length < 3; bits = bits.slice(1)) {
    code += bits[0]
    if (digits[code] === undefined) continue
    text += digits[code]
    code = ''
  }
  return text
}
