import type { FastifyReply, FastifyRequest } from 'fastify'
import { ClientSink } from '../src/forward/client-sink.ts'
import type { FlatHeaders, ResponseHead, ResponseSink } from '../src/forward/sink.ts'
import { StreamSink } from '../src/forward/stream-sink.ts'
import type { Sweep } from '../src/forward/sweep.ts'

export interface ReplySinkOptions {
  sweep: Sweep
  /** A client that takes nothing of a response for this long is cut, ms; 0 = never. */
  sendTimeout: number
  /** Called once when the client has left before it had the whole response. */
  onGone: (error: Error) => void
  /** Takes part in the answer: called with the head, and with what sends it. Default: it is sent. */
  onHead?: ((head: ResponseHead, send: () => void) => void) | undefined
}

const sendNow = (_head: ResponseHead, send: () => void): void => send()

/**
 * The sink that answers a Fastify reply. Nobody hooks into `onSend`: the response is written straight to the
 * connection, with the fields that hooks have set on the reply. Somebody does, to compress say: it goes through
 * `reply.send()` as a stream.
 */
export function replySink(reply: FastifyReply, options: ReplySinkOptions): ResponseSink {
  const { onGone, onHead = sendNow } = options
  const ownHeaders: FlatHeaders = ['Via', '1.1 headgate', 'X-Request-Id', reply.request.id]
  const onUnanswered = (error: Error) => void reply.send(error)
  if (hasOnSend(reply.request)) {
    return new StreamSink({
      onHead: (head, body) =>
        onHead(head, () => {
          for (const [name, value] of byName(head.headers.concat(ownHeaders))) reply.header(name, value)
          reply.code(head.statusCode).send(body)
        }),
      onUnanswered,
      onGone,
    })
  }
  return new ClientSink(reply.raw, {
    sweep: options.sweep,
    sendTimeout: options.sendTimeout,
    ownHeaders,
    onUnanswered,
    onGone,
    onHead: (head, send) =>
      onHead(head, () => {
        reply.hijack()
        addReplyHeaders(reply, head)
        send()
      }),
  })
}

/** Fields whose lines add up; of every other, the server's own line stands. */
const additive = new Set(['vary', 'set-cookie', 'link', 'server-timing'])

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
export function hasOnSend(request: FastifyRequest): boolean {
  contextKey ??= Object.getOwnPropertySymbols(request).find((key) => key.description === 'fastify.context')
  if (contextKey === undefined) return true
  const context = (request as unknown as Record<symbol, { onSend?: unknown[] | null }>)[contextKey]
  return context?.onSend !== null
}
