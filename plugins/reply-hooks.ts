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
  for (const _name in reply.getHeaders()) return true
  return false
}

let contextKey: symbol | undefined

/** True where a hook wants to see what is sent. Fastify does not say so aloud: where in doubt, one does. */
export function hasOnSend(request: FastifyRequest): boolean {
  contextKey ??= Object.getOwnPropertySymbols(request).find((key) => key.description === 'fastify.context')
  if (contextKey === undefined) return true
  const context = (request as unknown as Record<symbol, { onSend?: unknown[] | null }>)[contextKey]
  return context?.onSend !== null
}
