import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Problem, problem, problemType } from '../src/guard/problem.ts'
import { Refusal } from '../src/guard/refusal.ts'

/** Answers every error of an application in problem details (RFC 9457). What went wrong inside is logged, not told. */
async function problemDetailsPlugin(app: FastifyInstance): Promise<void> {
  app.setErrorHandler((error: FastifyError | Refusal, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ requestId: request.id, err: error }, 'a request failed')
    if (error instanceof Refusal) reply.headers(error.headers)
    const detail = status >= 500 ? 'The gateway failed to answer the request.' : sentence(error.message)
    return answer(request, reply, problem(status, detail, faultsOf(error)))
  })
  app.setNotFoundHandler((request, reply) =>
    answer(
      request,
      reply,
      problem(404, `There is nothing at ${request.method} ${request.url.split('?')[0]}.`),
    ),
  )
}

export default fp(problemDetailsPlugin, { fastify: '5.x', name: 'headgate-problem-details' })

function answer({ id }: FastifyRequest, reply: FastifyReply, told: Problem): FastifyReply {
  return reply
    .code(told.status)
    .type(problemType)
    .serializer(JSON.stringify)
    .send({ ...told, requestId: id })
}

function faultsOf(error: FastifyError | Refusal): Pick<Problem, 'errors'> {
  if (!('validation' in error) || error.validation === undefined) return {}
  const part = error.validationContext ?? 'request'
  return {
    errors: error.validation.map(({ instancePath, message }) => ({
      pointer: `${part}${instancePath}`,
      detail: message ?? 'does not fit',
    })),
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
