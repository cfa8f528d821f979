import type { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import { constants, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { StreamRequest } from './stream-request.ts'

/** Fields that HTTP/2 does not have; code that was written for HTTP/1.1 sets them. */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
])

/** What is used here of Node's class, whose types have fields where it has accessors. */
interface CompatibleResponse extends EventEmitter {
  readonly stream: ServerHttp2Stream
  setHeader(name: string, value: number | string | readonly string[]): void
  appendHeader(name: string, value: string | string[]): void
  writeHead(statusCode: number): unknown
}

const Base = Http2ServerResponse as unknown as new (stream: ServerHttp2Stream) => CompatibleResponse

/**
 * Node's response of HTTP/2, made to behave like the one of HTTP/1.1 that plugins were written for: what belongs to a
 * connection is dropped in silence, one that is broken off never looks complete, and it says truly whether it was.
 */
export class StreamResponse extends Base {
  readonly req: StreamRequest
  /** HTTP/2 has no such thing; asking for it is no fault. */
  shouldKeepAlive = true
  /** Whether the gateway has given it up; otherwise one that is not finished was left by the client. */
  isBrokenOff = false
  /** Whether its stream carries another protocol, which ends as it likes. */
  isTunnel = false

  constructor(request: StreamRequest) {
    const { stream } = request
    super(stream)
    this.req = request
    let isClosed = false
    this.once('close', () => {
      isClosed = true
    })
    stream.once('close', () => {
      // Node keeps it to itself for a HEAD that was not answered through `end()`.
      if (!isClosed) this.emit('close')
    })
    stream.once('finish', () => {
      // Nobody waits for the rest of the request any more (RFC 9113, section 8.1).
      if (!request.complete && !this.isTunnel) stream.close(constants.NGHTTP2_NO_ERROR)
    })
  }

  /** True once the client has been sent everything. */
  get writableFinished(): boolean {
    const { stream } = this
    if (this.isTunnel) return true
    return stream.writableFinished && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR
  }

  get destroyed(): boolean {
    return this.stream.destroyed
  }

  get statusMessage(): '' {
    return ''
  }

  set statusMessage(_phrase: string) {}

  override setHeader(name: string, value: number | string | readonly string[]): void {
    if (!connectionFields.has(name.trim().toLowerCase())) super.setHeader(name, value)
  }

  override appendHeader(name: string, value: string | string[]): void {
    if (!connectionFields.has(name.trim().toLowerCase())) super.appendHeader(name, value)
  }

  override writeHead(statusCode: number, reason?: unknown, fields?: unknown): this {
    const given = (typeof reason === 'string' ? fields : reason) as OutgoingHttpHeaders | string[] | undefined
    for (const [name, value] of linesOf(given)) {
      if (value !== undefined) this.setHeader(name, value)
    }
    super.writeHead(statusCode)
    return this
  }

  destroy(_error?: Error): void {
    this.isBrokenOff = true
    this.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

type FieldValue = number | string | readonly string[] | undefined

/** Of flat lines, those of one name together. */
function linesOf(
  fields: OutgoingHttpHeaders | readonly string[] | undefined,
): Iterable<[string, FieldValue]> {
  if (!Array.isArray(fields)) return Object.entries((fields ?? {}) as OutgoingHttpHeaders)
  const lines = new Map<string, string | string[]>()
  for (let index = 0; index < fields.length; index += 2) {
    const name = (fields[index] as string).toLowerCase()
    const before = lines.get(name)
    lines.set(name, before === undefined ? fields[index + 1] : [before, fields[index + 1]].flat())
  }
  return lines
}
