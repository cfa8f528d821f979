import { STATUS_CODES } from 'node:http'
import { type Static, Type } from 'typebox'

export const problemType = 'application/problem+json'

const problemSchema = Type.Object(
  {
    type: Type.Literal('about:blank', { description: 'The status says what kind of problem it is.' }),
    title: Type.String({ description: 'The phrase of the status.' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong, and what would be right.' }),
    requestId: Type.Optional(Type.String({ description: 'Of the request, as the log knows it.' })),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }), {
        description: 'What is wrong with which part of the request, where it did not fit.',
      }),
    ),
  },
  { description: 'An error (RFC 9457).' },
)

/** The response of a route that is a problem, for its schema. */
export const problemResponse = {
  description: 'What is wrong, and what would be right',
  content: { [problemType]: { schema: problemSchema } },
}

/** What every change may be answered with, for the schema of its route. */
export const refusalResponses = { 401: problemResponse, 403: problemResponse, 429: problemResponse }

/** Says of a route that it needs the token. */
export const bearer = [{ token: [] }]

export type Problem = Static<typeof problemSchema>

export function problem(status: number, detail: string, more: Partial<Problem> = {}): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...more }
}

/** A whole response, for a connection that has sent no request. */
export function rawProblem(status: number, detail: string): string {
  const body = JSON.stringify(problem(status, detail))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
