import type { Http2ServerResponse } from 'node:http2'
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Hit } from '../src/cache/lookup.ts'
import { isReadyResponse } from '../src/edge/edge-response.ts'
import { ClientSink, type ClientSinkOwner, type HeadWriter } from '../src/forward/client-sink.ts'
import { weakenEncodedTag } from '../src/forward/encoded-tag.ts'
import type { HeadHook } from '../src/forward/forward-to.ts'
import type { FlatHeaders, ResponseHead, ResponseSink } from '../src/forward/sink.ts'
import { connectionProgress, StalledClient, streamProgress } from '../src/forward/stalled-client.ts'
import { StreamClientSink } from '../src/forward/stream-client-sink.ts'
import { StreamSink } from '../src/forward/stream-sink.ts'
import type { Sweep } from '../src/forward/sweep.ts'

export interface ReplySinkOptions {
  sweep: Sweep
  /** A client that takes nothing of a response for this long is cut, ms; 0 = never. */
  sendTimeout: number
  /** Called once when the client has left before it had the whole response. */
  onGone: (error: Error) => void
  /** Takes part in the answer: called with the head, and with what sends it. Default: it is sent. */
  onHead?: HeadHook | undefined
}

/**
 * The sink that answers a Fastify reply. Nobody hooks into `onSend`: the response is written straight to the
 * connection, with the fields that hooks have set on the reply. Somebody does, to compress say: it goes through
 * `reply.send()` as a stream.
 */
export function replySink(reply: FastifyReply, options: ReplySinkOptions): ResponseSink {
  const answer = new ReplyAnswer(reply, options)
  if (hasOnSend(reply.request)) return streamTo(reply, answer, options)
  return isOfHttp2(reply.raw)
    ? new StreamClientSink(reply.raw, answer, options)
    : new ClientSink(reply.raw, answer, options)
}

function isOfHttp2(response: object): response is Http2ServerResponse {
  return 'stream' in response
}

/**
 * Writes a stored response at once, for the most that can be saved: no sink, no fields one by one. False, with
 * nothing written, where a hook has something to add or to see, and where the connection cannot take it so.
 */
export function writeStored(
  reply: FastifyReply,
  { statusCode, statusMessage, text, body }: Hit,
  { sweep, sendTimeout }: Pick<ReplySinkOptions, 'sweep' | 'sendTimeout'>,
): boolean {
  const { raw, request } = reply
  if (text === undefined || body === undefined || !isReadyResponse(raw)) return false
  if (hasOnSend(request) || hasFields(reply)) return false
  const head = `${text}Via: 1.1 headgate\r\nX-Request-Id: ${request.id}\r\n`
  if (!raw.sendReady(statusCode, statusMessage, head, body)) return false
  reply.hijack()
  if (raw.writableLength > 0) {
    const stalled = new StalledClient(connectionProgress(raw), sendTimeout, sweep)
    stalled.watch()
    raw.once('close', () => stalled.rest())
  }
  return true
}

/** Whether hooks have set fields on a reply. */
function hasFields(reply: FastifyReply): boolean {
  for (const _name in reply.getHeaders()) return true
  return false
}

/** What a response does to the reply that it answers. */
class ReplyAnswer implements ClientSinkOwner {
  readonly #reply: FastifyReply
  readonly #options: ReplySinkOptions

  constructor(reply: FastifyReply, options: ReplySinkOptions) {
    this.#reply = reply
    this.#options = options
  }

  onUnanswered(error: Error): void {
    this.#reply.send(error)
  }

  onGone(error: Error): void {
    this.#options.onGone(error)
  }

  onHead(head: ResponseHead, sink: HeadWriter): void {
    if (this.#options.onHead === undefined) this.#write(head, sink)
    else this.#options.onHead(head, () => this.#write(head, sink))
  }

  #write(head: ResponseHead, sink: HeadWriter): void {
    const reply = this.#reply
    addReplyHeaders(reply, head)
    head.headers.push('Via', '1.1 headgate', 'X-Request-Id', reply.request.id)
    sink.writeHead(head)
    reply.hijack()
  }
}

/** Through `onSend`: Fastify reads the stream, and writes what the hooks have made of it. */
function streamTo(reply: FastifyReply, answer: ReplyAnswer, options: ReplySinkOptions): ResponseSink {
  const { sendTimeout, sweep } = options
  const { raw } = reply
  const progress = isOfHttp2(raw) ? streamProgress(raw.stream) : connectionProgress(raw)
  const stalled = new StalledClient(progress, sendTimeout, sweep)
  const send = (head: ResponseHead, body: Readable) => {
    stalled.watch()
    head.headers.push('Via', '1.1 headgate', 'X-Request-Id', reply.request.id)
    for (const [name, value] of byName(head.headers)) setField(reply, name, value)
    weakenEncodedTag(reply.raw, reply.getHeader('content-encoding') as string | undefined)
    reply.code(head.statusCode).send(hasContent(reply.request.method, head.statusCode) ? body : undefined)
  }
  const sink = new StreamSink({
    onHead(head, body) {
      if (options.onHead === undefined) send(head, body)
      else options.onHead(head, () => send(head, body))
    },
    onUnanswered: (error) => answer.onUnanswered(error),
    onGone: (error) => answer.onGone(error),
  })
  reply.raw.once('close', () => {
    stalled.rest()
    sink.leave()
  })
  return sink
}

/** Whether a response has a body at all (RFC 9110, section 6.4.1). */
function hasContent(method: string, statusCode: number): boolean {
  return method !== 'HEAD' && statusCode !== 204 && statusCode !== 304
}

/** Fields whose lines add up; of every other, the server's own line stands. */
const additive = new Set(['vary', 'set-cookie', 'link', 'server-timing'])

function setField(reply: FastifyReply, name: string, value: string | string[]): void {
  const before = additive.has(name) && name !== 'set-cookie' ? reply.getHeader(name) : undefined
  // Fastify adds up cookies by itself.
  reply.header(name, before === undefined ? value : [before, value].flat().join(', '))
}

/** Adds the fields that hooks have set on a reply, as far as the response does not have them itself. */
export function addReplyHeaders(reply: FastifyReply, head: ResponseHead): void {
  const set = reply.getHeaders()
  let present: Set<string> | undefined
  for (const name in set) {
    present ??= new Set(head.headers.filter((_, index) => index % 2 === 0).map((line) => line.toLowerCase()))
    if (present.has(name) && !additive.has(name)) continue
    for (const value of [set[name]].flat()) head.headers.push(name, String(value))
  }
}

function byName(flat: FlatHeaders): Map<string, string | string[]> {
  const fields = new Map<string, string | string[]>()
  for (let index = 0; index < flat.length; index += 2) {
    const name = (flat[index] as string).toLowerCase()
    const value = flat[index + 1] as string
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : [before, value].flat())
  }
  return fields
}

let contextKey: symbol | undefined

/** True where a hook wants to see what is sent. Fastify does not say so aloud: where in doubt, one does. */
function hasOnSend(request: FastifyRequest): boolean {
  contextKey ??= Object.getOwnPropertySymbols(request).find((key) => key.description === 'fastify.context')
  if (contextKey === undefined) return true
  const context = (request as unknown as Record<symbol, { onSend?: unknown[] | null }>)[contextKey]
  return context?.onSend !== null
}
