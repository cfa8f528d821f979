import net, { type AddressInfo, type Socket } from 'node:net'

/** One request as it arrived, framed by the strictest reading of RFC 9112 that there is. */
export interface SeenRequest {
  head: string
  method: string
  target: string
  fields: [name: string, value: string][]
  body: string
  /** Fields behind a chunked body. */
  trailers: [name: string, value: string][]
  /** All of its bytes. */
  raw: string
  connection: number
}

export type RawResponder = (request: SeenRequest, socket: Socket) => void

/**
 * A server that keeps every byte that it is sent, and answers with whatever bytes a test wants. Its parser is its own:
 * it shares no code with the gateway, and takes nothing that is not exactly right.
 */
export class RawServer {
  readonly requests: SeenRequest[] = []
  /** What did not parse. */
  readonly faults: string[] = []
  readonly sockets: Socket[] = []
  port = 0
  respond: RawResponder
  /** Called with a head as soon as it is complete, before the body; true = the responder is not called any more. */
  onHead: ((request: SeenRequest, socket: Socket) => boolean | undefined) | undefined
  readonly #server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket))

  constructor(respond: RawResponder = ok) {
    this.respond = respond
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    const connection = this.sockets.push(socket)
    let input = ''
    let current: SeenRequest | undefined
    let isSilent = false
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      input += chunk.toString('latin1')
      for (;;) {
        if (current === undefined) {
          const end = input.indexOf('\r\n\r\n')
          if (end === -1) return
          const head = parseHead(input.slice(0, end), connection)
          if (typeof head === 'string') return this.#fault(head, socket)
          input = input.slice(end + 4)
          current = head
          isSilent = this.onHead?.(head, socket) === true
        }
        const body = takeBody(current, input)
        if (body === undefined) return
        if (typeof body === 'string') return this.#fault(body, socket)
        current.raw = `${current.head}\r\n\r\n${input.slice(0, body.used)}`
        input = input.slice(body.used)
        current.body = body.text
        current.trailers = body.trailers
        this.requests.push(current)
        const done = current
        current = undefined
        if (!isSilent) this.respond(done, socket)
      }
    })
  }

  #fault(reason: string, socket: Socket): void {
    this.faults.push(reason)
    socket.destroy()
  }
}

export function ok(_request: SeenRequest, socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a field value may not contain
const badValue = /[\x00-\x08\x0a-\x1f\x7f]/

function parseHead(text: string, connection: number): SeenRequest | string {
  const [line = '', ...lines] = text.split('\r\n')
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP\/1\.1$/.exec(line)
  if (match === null) return `request line: ${JSON.stringify(line)}`
  const fields = parseFields(lines)
  if (typeof fields === 'string') return fields
  const hosts = fields.filter(([name]) => name === 'host')
  if (hosts.length !== 1) return `${hosts.length} Host fields`
  const head = text
  return { head, method: match[1]!, target: match[2]!, fields, body: '', trailers: [], raw: '', connection }
}

function parseFields(lines: readonly string[]): [string, string][] | string {
  const fields: [string, string][] = []
  for (const field of lines) {
    const colon = field.indexOf(':')
    const name = field.slice(0, colon)
    const value = field.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')
    if (!token.test(name) || badValue.test(value)) return `field: ${JSON.stringify(field)}`
    fields.push([name.toLowerCase(), value])
  }
  return fields
}

interface TakenBody {
  text: string
  trailers: [string, string][]
  used: number
}

/** The body, `undefined` while it is not complete, or what is wrong with its framing. */
function takeBody({ fields }: SeenRequest, input: string): TakenBody | string | undefined {
  const lengths = fields.filter(([name]) => name === 'content-length').map(([, value]) => value)
  const codings = fields.filter(([name]) => name === 'transfer-encoding').map(([, value]) => value)
  if (lengths.length + codings.length > 1) return 'ambiguous framing'
  if (codings.length === 1) return codings[0] === 'chunked' ? takeChunks(input) : `coding ${codings[0]}`
  if (lengths.length === 0) return { text: '', trailers: [], used: 0 }
  if (!/^\d{1,15}$/.test(lengths[0]!)) return `length ${lengths[0]}`
  const length = Number(lengths[0])
  return input.length < length ? undefined : { text: input.slice(0, length), trailers: [], used: length }
}

function takeChunks(input: string): TakenBody | string | undefined {
  let text = ''
  let at = 0
  for (;;) {
    const end = input.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = input.slice(at, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) return `chunk size ${JSON.stringify(size)}`
    const length = Number.parseInt(size, 16)
    at = end + 2
    if (length === 0) return takeTrailers(input, at, text)
    if (input.length < at + length + 2) return undefined
    if (input.slice(at + length, at + length + 2) !== '\r\n') return 'chunk end'
    text += input.slice(at, at + length)
    at += length + 2
  }
}

function takeTrailers(input: string, at: number, text: string): TakenBody | string | undefined {
  if (input.startsWith('\r\n', at)) return { text, trailers: [], used: at + 2 }
  const end = input.indexOf('\r\n\r\n', at)
  if (end === -1) return undefined
  const trailers = parseFields(input.slice(at, end).split('\r\n'))
  return typeof trailers === 'string' ? trailers : { text, trailers, used: end + 4 }
}
