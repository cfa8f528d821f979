import { context, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { recordOf } from '../src/edge/access-record.ts'
import { targetOf } from '../src/edge/routable.ts'
import type { ExchangeTrace } from '../src/forward/exchange-trace.ts'
import { incomingContext, RequestTrace } from '../src/tracing/request-trace.ts'

export interface TracingOptions {
  /** Of the gateway, as the name of its instrumentation. */
  version?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who follows this request closely; absent where nobody does. */
    trace?: ExchangeTrace | null
  }
}

/**
 * Spans of each request through the API of OpenTelemetry. The SDK, which samples and exports them, is the user's, and
 * is there before the gateway: `node --import ./tracing.js`. Without one this costs a little and does nothing.
 */
async function tracingPlugin(app: FastifyInstance, { version }: TracingOptions): Promise<void> {
  const tracer = trace.getTracer('headgate', version)
  app.decorateRequest('trace', null)
  app.addHook('onRequest', (request, reply, done) => {
    const parent = incomingContext(request.headers)
    const traced = new RequestTrace(tracer, parent, request.method, requestAttributes(request))
    request.trace = traced
    // A client that leaves ends the response, and no hook of Fastify.
    reply.raw.once('close', () => traced.end(endOf(request, reply)))
    context.with(traced.context, done)
  })
}

export default fp(tracingPlugin, { fastify: '5.x', name: 'headgate-tracing' })

function requestAttributes({ method, protocol, hostname, ip, raw }: FastifyRequest) {
  return {
    'http.request.method': method,
    // Without its query, which may hold secrets.
    'url.path': targetOf(raw).split('?', 1)[0] as string,
    'url.scheme': protocol,
    'server.address': hostname,
    'client.address': ip,
    'network.protocol.version': raw.httpVersion,
  }
}

function endOf({ raw }: FastifyRequest, reply: FastifyReply) {
  const { route, upstream, cache, error, requestId, exchange } = recordOf(raw)
  return {
    name: route === '' ? (raw.method as string) : `${raw.method} ${route}`,
    status: reply.raw.statusCode,
    error,
    attributes: {
      'http.route': route,
      'headgate.request_id': requestId,
      ...(upstream !== undefined && { 'headgate.upstream': upstream }),
      ...(cache?.() !== undefined && { 'headgate.cache': cache() as string }),
      ...(exchange !== undefined && { 'headgate.attempts': exchange.attempts }),
    },
  }
}
