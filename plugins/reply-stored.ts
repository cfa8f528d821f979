import type { FastifyReply } from 'fastify'
import type { Hit } from '../src/cache/lookup.ts'
import { isReadyResponse } from '../src/edge/edge-response.ts'
import type { ClientSinkOptions } from '../src/forward/client-sink.ts'
import { connectionProgress, StalledClient } from '../src/forward/stalled-client.ts'
import { hasFields, hasOnSend } from './reply-hooks.ts'

/**
 * Writes a stored response at once, for the most that can be saved: no sink, no fields one by one. False, with
 * nothing written, where a hook has something to add or to see, and where the connection cannot take it so.
 */
export function writeStored(
  reply: FastifyReply,
  { statusCode, statusMessage, text, body }: Hit,
  { sweep, sendTimeout }: ClientSinkOptions,
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
