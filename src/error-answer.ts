import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { noteError } from './access-log.ts'
import { errorResponse } from './edge/error-response.ts'
import { HeadgateError } from './errors.ts'
import { hasUnreadBody } from './forward/message.ts'

/** Answers an error: the gateway's own in its own form, and of what went wrong inside, nothing. */
export function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  // A plugin's refusal (401, 429, ...) is its answer, and stays as it is.
  if (
    !(error instanceof HeadgateError) &&
    (error as FastifyError).statusCode !== undefined &&
    isRefusal(error)
  ) {
    return reply.send(error)
  }
  const told =
    error instanceof HeadgateError ? error : new HeadgateError('HEADGATE_INTERNAL', { cause: error })
  noteError(request.raw, told)
  if (told.code === 'HEADGATE_INTERNAL')
    request.log.error({ requestId: request.id, err: error }, 'a request failed')
  const { statusCode, headers, body } = errorResponse(told, request.id)
  // What is left of the request's body is read for a while, so that the client can read this answer.
  if (hasUnreadBody(request.raw)) reply.header('connection', 'close')
  return reply.code(statusCode).headers(headers).send(body)
}

function isRefusal(error: Error): boolean {
  const { statusCode } = error as FastifyError
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500
}
