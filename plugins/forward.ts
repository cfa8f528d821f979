import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { continuer } from '../src/edge/continue.ts'
import { requestFacts } from '../src/edge/request-facts.ts'
import { targetOf } from '../src/edge/routable.ts'
import { type Trust, trustPeers } from '../src/edge/trust.ts'
import { upgradeOf } from '../src/edge/upgrade.ts'
import { HeadgateError } from '../src/errors.ts'
import { RequestBody } from '../src/forward/body.ts'
import { Exchange } from '../src/forward/exchange.ts'
import type { ForwardSettings, ForwardTo } from '../src/forward/forward-to.ts'
import { requestHeaders } from '../src/forward/headers.ts'
import { declaredLength, hasBody } from '../src/forward/message.ts'
import { Sweep } from '../src/forward/sweep.ts'
import type { Tunnel } from '../src/forward/tunnel.ts'
import { openPassages, Passage } from './reply-passage.ts'
import { replySink } from './reply-sink.ts'
import { tunnelOpener } from './reply-tunnel.ts'

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

declare module 'fastify' {
  interface FastifyReply {
    /** Forwards the request to a server, and the response to the client. */
    forward(to: ForwardTo): Exchange
  }
}

/** Forwarding as `reply.forward(to)`: an exchange with a server, its answer written to the client as it comes. */
async function forwardPlugin(app: FastifyInstance, options: ForwardOptions): Promise<void> {
  const { sweep = new Sweep(), tunnels = new Set<Tunnel>(), trust = trustPeers(false) } = options
  const { settings = () => options } = options
  await openPassages(app)

  app.decorateReply('forward', function forward(this: FastifyReply, to: ForwardTo): Exchange {
    const {
      bodyLimit = 10 * 1024 * 1024,
      bodyTimeout = 20_000,
      sendTimeout = 60_000,
      forwarded = false,
    } = settings()
    const { id: requestId, raw } = this.request
    const upgrade = upgradeOf(raw)
    const passage = new Passage({ sweep, sendTimeout, onHead: to.onHead })
    const request = {
      method: to.method ?? (raw.method as string),
      path: to.target ?? targetOf(raw),
      headers: requestHeaders(raw.rawHeaders, requestFacts(raw, { requestId, trust, forwarded }), to.headers),
      upgrade: upgrade && raw.headers.upgrade,
    }
    const exchange = new Exchange(request, to.sink ?? replySink(this, passage), {
      reserver: to.reserver,
      context: to.context,
      timeouts: to.timeouts,
      retries: to.retries,
      sweep,
      body: hasBody(raw)
        ? new RequestBody(raw, { bodyLimit, bodyTimeout }, sweep, continuer(raw, this.raw))
        : undefined,
      trace: to.trace,
      openTunnel: upgrade && tunnelOpener(this, upgrade, { sweep, tunnels, maxAge: to.maxTunnelAge }),
    })
    passage.exchange = exchange
    if (bodyLimit > 0 && declaredLength(raw) > bodyLimit)
      exchange.abort(new HeadgateError('HEADGATE_BODY_TOO_LARGE'))
    else passage.enter(this)
    return exchange
  })
}

export default fp(forwardPlugin, { fastify: '5.x', name: 'headgate-forward' })
