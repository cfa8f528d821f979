import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { HeadgateError } from '../errors.ts'
import { AddressLimit } from './address-limit.ts'
import { limitAge } from './connection-age.ts'
import { expectContinue, expectsContinueAlone } from './continue.ts'
import { EdgeRequest } from './edge-request.ts'
import { edgeResponse } from './edge-response.ts'
import { rawErrorResponse } from './error-response.ts'
import { isLingering, linger, lingerOnClose } from './linger.ts'
import { brokenRequest, dueResponse, type ParseError, parseFault } from './parse-fault.ts'
import { type Handle, Reception, type ReceptionOptions } from './reception.ts'
import { inTurn } from './turns.ts'
import { mayUpgrade, offerUpgrade, switchingProtocols, takeSocket } from './upgrade.ts'

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
  /** A connection is ended after this, ms, give or take; 0 = no limit. */
  maxConnectionAge: number
}

export interface EdgeOptions extends ReceptionOptions {
  /** Read whenever one is needed, so that it may change; `applyLimits` tells Node's server too. */
  limits: () => EdgeLimits
  /** Responses end their connections from here on. */
  isDraining: () => boolean
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
export function createEdgeServer(handle: Handle, options: EdgeOptions): Server {
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
    IncomingMessage: EdgeRequest,
    ServerResponse: edgeResponse(options.isDraining),
  })
  server.timeout = 0
  applyLimits(server, limits)

  const { receive, refuseExpectation } = new Reception(handle, options)
  server.on('connection', lingerOnClose)
  server.on('connection', (socket: Socket) => limitAge(socket, options.limits().maxConnectionAge))
  server.on('request', (request: IncomingMessage, response: ServerResponse) =>
    inTurn(request, response, receive),
  )
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Node finds it in a list of others too.
    if (!expectsContinueAlone(request)) return inTurn(request, response, refuseExpectation)
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
    if (mayUpgrade(request)) {
      offerUpgrade(request, {
        socket,
        head,
        accept(answer, protocol) {
          response.detachSocket(takeSocket(socket))
          response.statusCode = answer.statusCode
          socket.write(switchingProtocols(answer, protocol), 'latin1')
        },
        finish: () => void response.emit('close'),
      })
    }
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
  const addresses = new AddressLimit(() => options.limits().maxConnectionsPerAddress)
  server.on('connection', (socket: Socket) => addresses.admit(socket))
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
