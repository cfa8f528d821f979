import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HeadgateError } from '../errors.ts'
import { AccessRecord, attachRecord, recordOf } from './access-record.ts'
import { expectContinue } from './continue.ts'
import { errorResponse, rawErrorResponse } from './error-response.ts'
import { inspect } from './inspect.ts'
import { linger, lingerOnClose } from './linger.ts'
import { isRequestId } from './request-id.ts'
import { plainAddress, type Trust } from './trust.ts'
import { offerUpgrade } from './upgrade.ts'

/** What one client, and all together, may ask of the gateway. */
export interface EdgeLimits {
  /** Time for a request's head, ms; more is 408. */
  headersTimeout: number
  /** An idle connection is closed after this, ms. */
  keepAliveTimeout: number
  /** Largest head, bytes; more is 431. */
  maxHeaderSize: number
  /** Most field lines of a head; more is 431. */
  maxHeadersCount: number
  /** Longest request target, bytes; more is 414. */
  maxUrlLength: number
  /** Requests that one connection may carry, 0 = no limit. */
  maxRequestsPerConnection: number
  /** Connections at one time, 0 = no limit; further ones are closed. */
  maxConnections: number
  /** The same of one address. */
  maxConnectionsPerAddress: number
}

export interface EdgeOptions {
  /** Read whenever one is needed, so that it may change; `applyLimits` tells Node's server too. */
  limits: () => EdgeLimits
  /** Says whose X-Request-Id is kept. */
  trust: Trust
  newRequestId: () => string
  /** Responses end their connections from here on. */
  isDraining: () => boolean
  /** A request has arrived; `onFinished` follows exactly once. */
  onReceived: () => void
  /** A request is over: answered, or left by its client. */
  onFinished: (record: AccessRecord, request: IncomingMessage, response: ServerResponse) => void
  /** A connection said something that is not a request. */
  onUnparsable: (error: HeadgateError, cause: unknown) => void
}

/**
 * The HTTP/1.1 server in front of everything: it refuses what is not one clear request, and hands on the rest with
 * a checked target, a record for the log, and the bounds of a server that strangers talk to.
 */
export function createEdgeServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  options: EdgeOptions,
): Server {
  const limits = options.limits()
  const server = createServer({
    maxHeaderSize: limits.maxHeaderSize,
    // The time for a body depends on its progress, which Node does not look at.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, Math.max(50, limits.headersTimeout / 4)),
    noDelay: true,
    insecureHTTPParser: false,
  })
  server.timeout = 0
  applyLimits(server, limits)

  function onResponseClose(this: ServerResponse): void {
    options.onFinished(recordOf(this.req), this.req, this)
  }

  function requestId({ headers, socket }: IncomingMessage): string {
    const given = headers['x-request-id']
    if (typeof given !== 'string' || !isRequestId(given)) return options.newRequestId()
    return options.trust(plainAddress(socket.remoteAddress)) ? given : options.newRequestId()
  }

  function admit(request: IncomingMessage, response: ServerResponse): void {
    attachRecord(request, new AccessRecord(requestId(request), performance.now()))
    options.onReceived()
    response.on('close', onResponseClose)
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    admit(request, response)
    if (options.isDraining()) response.shouldKeepAlive = false
    const { maxHeadersCount, maxUrlLength } = options.limits()
    const fault =
      request.rawHeaders.length > maxHeadersCount * 2
        ? new HeadgateError('HEADGATE_HEADERS_TOO_LARGE')
        : inspect(request, { maxUrlLength })
    if (fault !== undefined) return refuse(request, response, fault)
    if (request.url === '*') return answerServerOptions(request, response)
    handle(request, response)
  }

  server.on('request', receive)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    expectContinue(request)
    receive(request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    admit(request, response)
    refuse(request, response, new HeadgateError('HEADGATE_EXPECTATION_FAILED'))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // First of all: a reset at any later moment must find a listener.
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    offerUpgrade(request, { socket, head })
    receive(request, response)
  })
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    linger(socket, rawErrorResponse(new HeadgateError('HEADGATE_METHOD_REFUSED'), options.newRequestId()))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const told = parseFault(error)
    if (told !== undefined) options.onUnparsable(told, error)
    // Behind a response that has begun, an error response would be read as its body.
    if (told === undefined || !socket.writable || hasBegun(socket)) socket.destroy()
    else linger(socket, rawErrorResponse(told, options.newRequestId()))
  })
  limitPerAddress(server, () => options.limits().maxConnectionsPerAddress)
  return server
}

/** Tells a running server the limits that Node keeps; the size of a head is fixed for its life. */
export function applyLimits(server: Server, limits: EdgeLimits): void {
  server.headersTimeout = limits.headersTimeout
  server.keepAliveTimeout = limits.keepAliveTimeout
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection
  // One more than allowed, since Node drops the rest in silence.
  server.maxHeadersCount = limits.maxHeadersCount + 1
  server.maxConnections = limits.maxConnections || Number.POSITIVE_INFINITY
}

function refuse(request: IncomingMessage, response: ServerResponse, error: HeadgateError): void {
  const record = recordOf(request)
  record.error = error.code
  const { statusCode, headers, body } = errorResponse(error, record.requestId)
  // What was refused may have been misread: nothing more is read from this connection.
  response.shouldKeepAlive = false
  if (request.socket !== null) lingerOnClose(request.socket)
  response.writeHead(statusCode, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** `OPTIONS *` asks about the server that is spoken to (RFC 9110, section 9.3.7), and that is the gateway. */
function answerServerOptions(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  const { requestId } = recordOf(request)
  response.writeHead(204, { via: '1.1 headgate', 'x-request-id': requestId }).end()
}

/** What Node's parser objects to; undefined where there is nobody left to tell. */
function parseFault(error: NodeJS.ErrnoException): HeadgateError | undefined {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HeadgateError('HEADGATE_CLIENT_TIMEOUT', { cause: error })
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return new HeadgateError('HEADGATE_HEADERS_TOO_LARGE', { cause: error })
  if (error.code === 'HPE_INVALID_VERSION')
    return new HeadgateError('HEADGATE_VERSION_REFUSED', { cause: error })
  if (error.code?.startsWith('HPE_') || error.code === 'ERR_HTTP_CONTENT_LENGTH_MISMATCH') {
    return new HeadgateError('HEADGATE_BAD_REQUEST', { cause: error })
  }
  return undefined
}

/** True while a response is being written to the socket. */
function hasBegun(socket: Socket): boolean {
  const current = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage
  return current?.headersSent === true
}

function limitPerAddress(server: Server, limit: () => number): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress)
    const count = (counts.get(address) ?? 0) + 1
    if (limit() > 0 && count > limit()) return socket.destroy()
    counts.set(address, count)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
    return undefined
  })
}
