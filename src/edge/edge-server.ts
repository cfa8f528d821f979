import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { HeadgateError } from '../errors.ts'
import { AccessRecord, attachRecord, recordOf } from './access-record.ts'
import { expectContinue } from './continue.ts'
import { edgeResponse } from './edge-response.ts'
import { errorResponse, rawErrorResponse } from './error-response.ts'
import { inspect } from './inspect.ts'
import { isLingering, linger, lingerOnClose } from './linger.ts'
import { brokenRequest, dueResponse, type ParseError, parseFault } from './parse-fault.ts'
import { isRequestId } from './request-id.ts'
import { plainAddress, type Trust } from './trust.ts'
import { inTurn } from './turns.ts'
import { mayUpgrade, offerUpgrade, takeSocket } from './upgrade.ts'

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
 * Bytes that may wait for a client before its server has to. Twice what one read of a server brings: else every piece,
 * though it leaves at once, would stop the server for a turn of the event loop.
 */
const roomPerClient = 128 * 1024

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
    connectionsCheckingInterval: checkingInterval(limits.headersTimeout),
    noDelay: true,
    highWaterMark: roomPerClient,
    insecureHTTPParser: false,
    // It is looked at here, and refused in the words of the gateway.
    requireHostHeader: false,
    shouldUpgradeCallback: mayUpgrade,
    ServerResponse: edgeResponse(options.isDraining),
  })
  server.timeout = 0
  // Where several processes share the port, a connection too many is not for the next one to refuse, and so for ever.
  Object.assign(server, { dropMaxConnection: true })
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
    const { maxHeadersCount, maxUrlLength } = options.limits()
    const fault =
      maxHeadersCount > 0 && request.rawHeaders.length > maxHeadersCount * 2
        ? new HeadgateError('HEADGATE_HEADERS_TOO_LARGE')
        : inspect(request, { maxUrlLength })
    if (fault !== undefined) return refuse(request, response, fault)
    if (isForGateway(request)) return answerItself(request, response)
    handle(request, response)
  }

  function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
    admit(request, response)
    refuse(request, response, new HeadgateError('HEADGATE_EXPECTATION_FAILED'))
  }

  server.on('connection', lingerOnClose)
  server.on('request', (request: IncomingMessage, response: ServerResponse) =>
    inTurn(request, response, receive),
  )
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    expectContinue(request, response)
    inTurn(request, response, receive)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    inTurn(request, response, refuseExpectation),
  )
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // First of all: a reset at any later moment must find a listener.
    socket.on('error', () => socket.destroy())
    // Node hands over what it was not to hand over only where it does not know `shouldUpgradeCallback` yet.
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => linger(takeSocket(socket)))
    if (mayUpgrade(request)) offerUpgrade(request, { socket, head })
    receive(request, response)
  })
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    const error = new HeadgateError('HEADGATE_METHOD_REFUSED')
    options.onUnparsable(error, undefined)
    linger(socket, rawErrorResponse(error, options.newRequestId()))
  })
  server.on('clientError', (error: ParseError, socket: Socket) => {
    if (isLingering(socket)) return
    const told = parseFault(error, options.limits().maxUrlLength)
    if (told === undefined || !socket.writable) return void socket.destroy()
    options.onUnparsable(told, error)
    const broken = brokenRequest(socket)
    const due = dueResponse(socket)
    if (broken !== undefined && broken.listenerCount('error') > 0) {
      // Whoever reads the body answers.
      broken.emit('error', told)
    } else if (due === undefined || (broken === due.req && !due.headersSent)) {
      linger(socket, rawErrorResponse(told, options.newRequestId()))
    } else {
      // What stands behind a good request is no reason to break off its response.
      due.shouldKeepAlive = false
      due.once('finish', () => linger(socket))
    }
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
  server.maxHeadersCount = limits.maxHeadersCount === 0 ? 0 : limits.maxHeadersCount + 1
  server.maxConnections = limits.maxConnections || Number.POSITIVE_INFINITY
}

/** Accepts no more connections; those that are open stay, unlike with `close()`, which ends the idle ones at once. */
export function stopAccepting(server: Server): void {
  NetServer.prototype.close.call(server)
}

/** How often Node looks for heads that take too long, ms. */
function checkingInterval(headersTimeout: number): number {
  return headersTimeout === 0 ? 1000 : Math.min(1000, Math.max(50, headersTimeout / 4))
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
