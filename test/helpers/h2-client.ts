import http2, {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'

export interface H2Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
  trailers: IncomingHttpHeaders
  /** Heads of interim responses. */
  interim: IncomingHttpHeaders[]
  /** The code that the stream was closed with. */
  rstCode: number
  /** Whether the response came to its end. */
  isComplete: boolean
}

export interface H2Request {
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
  trailers?: OutgoingHttpHeaders
}

/** A session of Node's own client with a gateway of the tests. */
export async function connectH2(port: number): Promise<ClientHttp2Session> {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  await new Promise((resolve, reject) => {
    session.once('connect', resolve)
    session.once('error', reject)
  })
  return session
}

/** One request, from beginning to end; never rejects for what the gateway answers. */
export function requestH2(
  session: ClientHttp2Session,
  path: string,
  { headers = {}, body, trailers }: H2Request = {},
): Promise<H2Answer> {
  const stream = session.request(
    { ':path': path, ...headers },
    { endStream: body === undefined && trailers === undefined, waitForTrailers: trailers !== undefined },
  )
  const answer: H2Answer = {
    status: 0,
    headers: {},
    body: '',
    trailers: {},
    interim: [],
    rstCode: 0,
    isComplete: false,
  }
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.on('headers', (head) => answer.interim.push(head))
  stream.on('response', (head) => {
    answer.status = head[':status'] ?? 0
    answer.headers = head
  })
  stream.on('trailers', (fields) => {
    answer.trailers = fields
  })
  stream.on('data', (chunk: Buffer) => {
    answer.body += chunk.toString('latin1')
  })
  const push = stream.push
  // Pushed before the stream is closed, the end is END_STREAM; afterwards it is that of a reset.
  stream.push = (chunk, encoding) => {
    if (chunk === null && !stream.closed) answer.isComplete = true
    return push.call(stream, chunk, encoding)
  }
  stream.on('error', () => {})
  if (body !== undefined || trailers !== undefined) stream.end(body)
  return new Promise((resolve) => {
    stream.once('close', () => resolve({ ...answer, rstCode: stream.rstCode ?? 0 }))
  })
}
