import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadgateError } from '../errors.ts'
import { AccessRecord, attachRecord, recordOf } from './access-record.ts'
import { errorResponse } from './error-response.ts'
import { inspect } from './inspect.ts'
import { isRequestId } from './request-id.ts'
import { plainAddress, type Trust } from './trust.ts'

/** Who takes the requests that are let in. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => void

export interface ReceptionOptions {
  /** Read at each request. */
  limits: () => { maxHeadersCount: number; maxUrlLength: number }
  /** Says whose X-Request-Id is kept. */
  trust: Trust
  newRequestId: () => string
  /** A request has arrived; `onFinished` follows exactly once. */
  onReceived: () => void
  /** A request is over: answered, or left by its client. */
  onFinished: (record: AccessRecord, request: IncomingMessage, response: ServerResponse) => void
}

/** What becomes of a request that has been parsed, whatever it came over: it is noted, looked at, and let in or refused. */
export class Reception {
  readonly #handle: Handle
  readonly #options: ReceptionOptions

  constructor(handle: Handle, options: ReceptionOptions) {
    this.#handle = handle
    this.#options = options
  }

  /** Lets a request in that is one clear HTTP request. `fault` is what was found wrong with it before. */
  readonly receive = (request: IncomingMessage, response: ServerResponse, fault?: HeadgateError): void => {
    this.#note(request, response)
    const refused = fault ?? this.#faultOf(request)
    if (refused !== undefined) refuse(request, response, refused)
    else if (isForGateway(request)) answerItself(request, response)
    else this.#handle(request, response)
  }

  readonly refuseExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    this.receive(request, response, new HeadgateError('HEADGATE_EXPECTATION_FAILED'))
  }

  #note(request: IncomingMessage, response: ServerResponse): void {
    const { onFinished, onReceived } = this.#options
    const record = new AccessRecord(this.#requestId(request), performance.now())
    attachRecord(request, record)
    onReceived()
    response.on('close', () => onFinished(record, request, response))
  }

  #faultOf(request: IncomingMessage): HeadgateError | undefined {
    const { maxHeadersCount, maxUrlLength } = this.#options.limits()
    return maxHeadersCount > 0 && request.rawHeaders.length > maxHeadersCount * 2
      ? new HeadgateError('HEADGATE_HEADERS_TOO_LARGE')
      : inspect(request, { maxUrlLength })
  }

  #requestId({ headers, socket }: IncomingMessage): string {
    const { newRequestId, trust } = this.#options
    const given = headers['x-request-id']
    if (typeof given !== 'string' || !isRequestId(given)) return newRequestId()
    return trust(plainAddress(socket.remoteAddress)) ? given : newRequestId()
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: HeadgateError): void {
  const record = recordOf(request)
  record.error = error.code
  const { statusCode, headers, body } = errorResponse(error, record.requestId)
  // What was refused may have been misread: nothing more is read from this connection.
  response.shouldKeepAlive = false
  response.writeHead(statusCode, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** True for what asks about the gateway itself: `*`, and a request that may go no further (RFC 9110, section 7.6.2). */
function isForGateway({ method, url, headers }: IncomingMessage): boolean {
  if (method !== 'OPTIONS' && method !== 'TRACE') return false
  return url === '*' || headers['max-forwards'] === '0'
}

function answerItself(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'TRACE')
    return refuse(request, response, new HeadgateError('HEADGATE_METHOD_REFUSED'))
  request.resume()
  const { requestId } = recordOf(request)
  response.writeHead(204, { via: '1.1 headgate', 'x-request-id': requestId }).end()
}
