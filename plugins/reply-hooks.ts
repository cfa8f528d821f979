import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ResponseHead } from '../src/forward/sink.ts'

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

/** Sets a field of a response on the reply, beside what hooks have set. */
export function setField(reply: FastifyReply, name: string, value: string | string[]): void {
  const before = additive.has(name) && name !== 'set-cookie' ? reply.getHeader(name) : undefined
  // Fastify adds up cookies by itself.
  reply.header(name, before === undefined ? value : [before, value].flat().join(', '))
}

/** Whether hooks have set fields on a reply. */
export function hasFields(reply: FastifyReply): boolean {
  fieldsKey ??= keyOf(reply, 'fastify.reply.headers')
  const set = fieldsKey === undefined ? reply.getHeaders() : hidden(reply, fieldsKey)
  for (const _name in set as object) return true
  return reply.raw.getHeaderNames().length > 0
}

/** True where a hook wants to see what is sent. Fastify does not say so aloud: where in doubt, one does. */
export function hasOnSend(request: FastifyRequest): boolean {
  contextKey ??= keyOf(request, 'fastify.context')
  if (contextKey === undefined) return true
  const context = hidden(request, contextKey) as { onSend?: unknown[] | null } | undefined
  return context?.onSend !== null
}

// What Fastify keeps on its objects is found by the descriptions of its symbols.
let fieldsKey: symbol | undefined
let contextKey: symbol | undefined

function keyOf(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((key) => key.description === description)
}

function hidden(object: object, key: symbol): unknown {
  return (object as Record<symbol, unknown>)[key]
}
