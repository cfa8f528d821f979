import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isWaiting, sendContinue } from '../src/edge/continue.ts'
import { isTraceParent, newTraceParent } from '../src/edge/request-id.ts'
import { targetOf } from '../src/edge/routable.ts'
import { plainAddress, type Trust, trustPeers } from '../src/edge/trust.ts'
import { takeSocket, type Upgrade, upgradeOf } from '../src/edge/upgrade.ts'
import { HeadgateError } from '../src/errors.ts'
import type { AttemptRequest } from '../src/forward/attempt.ts'
import { RequestBody } from '../src/forward/body.ts'
import { Exchange, type ExchangeOptions } from '../src/forward/exchange.ts'
import { type RequestFacts, requestHeaders } from '../src/forward/headers.ts'
import { hasBody } from '../src/forward/message.ts'
import type { ReserveContext, Reserver } from '../src/forward/reserver.ts'
import type { ResponseSink } from '../src/forward/sink.ts'
import { Sweep } from '../src/forward/sweep.ts'
import type { ExchangeTimeouts } from '../src/forward/time-limits.ts'
import { Tunnel } from '../src/forward/tunnel.ts'
import { openPassages, Passage } from './reply-passage.ts'
import { addReplyHeaders, type ReplySinkOptions, replySink } from './reply-sink.ts'

export interface ForwardSettings {
  /** Largest request body, bytes; more is 413. Default 10 MiB, 0 = no limit. */
  bodyLimit?: number
  /** Time for a request's whole body, ms, and 1 s more for every 500 bytes received; more is 408. Default 20 000, 0 = no limit. */
  bodyTimeout?: number
  /** A client that takes nothing of a response for this long is cut, ms. Default 60 000, 0 = never. */
  sendTimeout?: number
  /** Also send `Forwarded` (RFC 7239). Default false. */
  forwarded?: boolean
}

export interface ForwardOptions extends ForwardSettings {
  /** Read at each request, in the place of fixed settings. */
  settings?: () => ForwardSettings
  /** Says whose X-Forwarded-* are believed. Default: nobody's. */
  trust?: Trust
  /** Watches the deadlines of all requests. Default: one of the plugin's own. */
  sweep?: Sweep
  /** Where open tunnels are noted, for whoever has to end them. */
  tunnels?: Set<Tunnel>
}

/** Where a request goes, and how. */
export interface ForwardTo {
  /** Who hands out slots on servers: an upstream. */
  reserver: Reserver
  timeouts: ExchangeTimeouts
  /** Further attempts after the first. Default 0. */
  retries?: number | undefined
  context?: ReserveContext | undefined
  /** Default: that of the request. */
  method?: string | undefined
  /** Path and query for the server. Default: those of the request. */
  target?: string | undefined
  /** Fields that replace the client's, names in lower case; an empty value removes one. */
  headers?: Readonly<Record<string, string>> | undefined
  /** A tunnel is ended at this age, ms. Default 0 = never. */
  maxTunnelAge?: number | undefined
  /** Called with the head of the response before the client gets it, and with what sends it. */
  onHead?: ReplySinkOptions['onHead']
  /** Takes the response in the client's place. */
  sink?: ResponseSink | undefined
}

declare module 'fastify' {
  interface FastifyReply {
    /** Forwards the request to a server, and the response to the client. */
    forward(to: ForwardTo): Exchange
  }
}

const anySlot: ReserveContext = Object.freeze({})

/** Forwarding as `reply.forward(to)`: an exchange with a server, its answer written to the client as it comes. */
async function forwardPlugin(app: FastifyInstance, options: ForwardOptions): Promise<void> {
  const { sweep = new Sweep(), tunnels = new Set<Tunnel>(), trust = trustPeers(false) } = options
  const { settings = () => options } = options
  await openPassages(app)

  app.decorateReply('forward', function forward(this: FastifyReply, to: ForwardTo): Exchange {
    const { request } = this
    const { raw } = request
    const {
      bodyLimit = 10 * 1024 * 1024,
      bodyTimeout = 20_000,
      sendTimeout = 60_000,
      forwarded = false,
    } = settings()
    const passage = new Passage({ sweep, sendTimeout, onHead: to.onHead })
    const body = hasBody(raw)
      ? new RequestBody(raw, { bodyLimit, bodyTimeout }, sweep, continuer(raw, this.raw))
      : undefined
    const exchange = new Exchange(
      attemptRequest(request, to, trust, forwarded),
      to.sink ?? replySink(this, passage),
      {
        reserver: to.reserver,
        context: to.context ?? anySlot,
        timeouts: to.timeouts,
        retries: to.retries ?? 0,
        sweep,
        body,
        openTunnel: upgradeOf(raw) === undefined ? undefined : tunnelOpener(this, to, sweep, tunnels),
      },
    )
    passage.exchange = exchange
    if (bodyLimit > 0 && Number(raw.headers['content-length']) > bodyLimit) {
      exchange.abort(new HeadgateError('HEADGATE_BODY_TOO_LARGE'))
      return exchange
    }
    passage.enter(this)
    return exchange
  })
}

export default fp(forwardPlugin, { fastify: '5.x', name: 'headgate-forward' })

/** What asks a client for its body, where it waits to be asked. */
function continuer(request: IncomingMessage, response: ServerResponse): (() => void) | undefined {
  return isWaiting(request) ? () => sendContinue(request, response) : undefined
}

/** Joins the client's connection with that of the server, which has agreed to another protocol. */
function tunnelOpener(
  reply: FastifyReply,
  { maxTunnelAge }: ForwardTo,
  sweep: Sweep,
  tunnels: Set<Tunnel>,
): ExchangeOptions['openTunnel'] {
  return (head, server, protocol, closed) => {
    const client = upgradeOf(reply.request.raw) as Upgrade
    addReplyHeaders(reply, head)
    head.headers.push('Via', '1.1 headgate', 'X-Request-Id', reply.request.id)
    reply.hijack()
    reply.raw.detachSocket(takeSocket(client.socket))
    reply.raw.statusCode = head.statusCode
    const onClose = () => {
      tunnels.delete(tunnel)
      closed()
      reply.raw.emit('close')
    }
    const tunnel = new Tunnel({
      client,
      server: server as Socket,
      head,
      protocol,
      sweep,
      maxAge: maxTunnelAge,
      onClose,
    })
    tunnels.add(tunnel)
  }
}

function attemptRequest(
  request: FastifyRequest,
  to: ForwardTo,
  trust: Trust,
  forwarded: boolean,
): AttemptRequest {
  const { raw } = request
  const { socket, headers } = raw
  const peer = plainAddress(socket.remoteAddress)
  const parent = headers.traceparent as string | undefined
  const isNewTrace = parent === undefined || !isTraceParent(parent)
  const facts: RequestFacts = {
    peer,
    trusted: trust(peer),
    scheme: (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
    host: headers.host ?? '',
    port: socket.localPort ?? 0,
    requestId: request.id,
    traceParent: isNewTrace ? newTraceParent() : parent,
    isNewTrace,
    forwarded,
  }
  return {
    method: to.method ?? (raw.method as string),
    path: to.target ?? targetOf(raw),
    headers: requestHeaders(raw.rawHeaders, facts, to.headers),
    upgrade: upgradeOf(raw) === undefined ? undefined : headers.upgrade,
  }
}
