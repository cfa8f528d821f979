import type { Http2ServerResponse } from 'node:http2'
import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import {
  ClientSink,
  type ClientSinkOptions,
  type ClientSinkOwner,
  type HeadWriter,
} from '../src/forward/client-sink.ts'
import { weakenEncodedTag } from '../src/forward/encoded-tag.ts'
import { fieldsByName } from '../src/forward/field-lines.ts'
import type { HeadHook } from '../src/forward/forward-to.ts'
import { Http1ResponseWriter } from '../src/forward/http1-response-writer.ts'
import { Http2ResponseWriter } from '../src/forward/http2-response-writer.ts'
import type { ResponseHead, ResponseSink } from '../src/forward/sink.ts'
import { connectionProgress, StalledClient, streamProgress } from '../src/forward/stalled-client.ts'
import { StreamSink } from '../src/forward/stream-sink.ts'
import { addReplyHeaders, hasOnSend, setField } from './reply-hooks.ts'

export interface ReplySinkOptions extends ClientSinkOptions {
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
  const { raw } = reply
  const writer = isOfHttp2(raw) ? new Http2ResponseWriter(raw) : new Http1ResponseWriter(raw)
  return new ClientSink(writer, answer, options)
}

function isOfHttp2(response: object): response is Http2ServerResponse {
  return 'stream' in response
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
    for (const [name, value] of Object.entries(fieldsByName(head.headers))) setField(reply, name, value)
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
