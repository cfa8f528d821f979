import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { context, propagation, type SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { configFor, eventually, startGateway, startOrigin } from '../helpers/gateway.ts'

const exporter = new InMemorySpanExporter()
const tracing = { enabled: true }
const server = 1 satisfies SpanKind.SERVER
const client = 2 satisfies SpanKind.CLIENT

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  )
})

after(() => {
  for (const api of [trace, propagation, context]) api.disable()
})

beforeEach(() => exporter.reset())

/** The spans of a request, once its own has ended; the others in the order of their ends. */
async function spans() {
  await eventually(() => assert.ok(exporter.getFinishedSpans().some(({ kind }) => kind === server)))
  const finished = exporter.getFinishedSpans()
  return {
    request: finished.find(({ kind }) => kind === server),
    attempts: finished.filter(({ kind }) => kind === client),
    waits: finished.filter(({ name }) => name === 'queue'),
  }
}

test('a request has a span, and its attempt one below it, whose context goes to the server', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin], { tracing }))
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'vendor=1' }

  await (await fetch(`${gateway.url}/path?secret=1`, { headers })).text()
  const {
    request,
    attempts: [attempt],
  } = await spans()

  assert.equal(request?.name, 'GET /')
  assert.equal(request?.kind, server)
  assert.equal(request?.parentSpanContext?.spanId, 'b7ad6b7169203331')
  assert.partialDeepStrictEqual(request?.attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/',
    'url.path': '/path',
    'url.scheme': 'http',
    'client.address': '127.0.0.1',
    'headgate.upstream': 'app',
    'headgate.attempts': 1,
  })
  assert.doesNotMatch(JSON.stringify(request?.attributes), /secret/)
  assert.equal(attempt?.kind, client)
  assert.equal(attempt?.parentSpanContext?.spanId, request?.spanContext().spanId)
  assert.partialDeepStrictEqual(attempt?.attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(origin.url).port),
  })
  const sent = origin.requests[0]?.headers
  assert.equal(sent?.traceparent, `00-${traceId}-${attempt?.spanContext().spanId}-01`)
  assert.equal(sent?.tracestate, 'vendor=1')
})

test('each attempt has a span of its own, with how it failed', async (t) => {
  const gone = await startOrigin(t)
  gone.server.close()
  const origin = await startOrigin(t)
  const gateway = await startGateway(
    t,
    configFor([gone, origin], { tracing, upstream: { balance: { algorithm: 'round-robin' } } }),
  )
  let found: Awaited<ReturnType<typeof spans>> | undefined
  for (let round = 0; round < 4 && (found?.attempts.length ?? 0) < 2; round++) {
    exporter.reset()
    assert.equal((await fetch(gateway.url)).status, 200)
    found = await spans()
  }

  const request = found?.request
  const [failed, good] = found?.attempts ?? []
  assert.equal(failed?.attributes['error.type'], 'connect_failed')
  assert.equal(failed?.status.code, 2)
  assert.equal(good?.attributes['http.request.resend_count'], 1)
  assert.equal(good?.status.code, 0)
  assert.equal(request?.status.code, 0)
  assert.equal(request?.attributes['headgate.attempts'], 2)
})

test('a wait in the queue is a span, also where it is in vain', async (t) => {
  const held: (() => void)[] = []
  const origin = await startOrigin(t, (_request, response) => void held.push(() => response.end('ok')))
  const limits = { maxInFlight: 1, queueTimeout: 50 }
  const gateway = await startGateway(t, configFor([origin], { tracing, upstream: { limits } }))
  const first = fetch(gateway.url)
  await eventually(() => assert.equal(held.length, 1))

  assert.equal((await fetch(gateway.url)).status, 503)
  const {
    request,
    waits: [wait],
  } = await spans()
  held[0]?.()
  await (await first).text()

  assert.equal(wait?.name, 'queue')
  assert.equal(wait?.attributes['error.type'], 'HEADGATE_QUEUE_TIMEOUT')
  assert.equal(wait?.parentSpanContext?.spanId, request?.spanContext().spanId)
  assert.equal(request?.attributes['error.type'], 'HEADGATE_QUEUE_TIMEOUT')
})

test('an answer from the cache has no attempt, and a client that leaves ends its spans', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/slow') return
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' }).end('body')
  })
  const gateway = await startGateway(t, configFor([origin], { tracing }))
  await (await fetch(`${gateway.url}/a.css`)).text()
  await spans()
  exporter.reset()
  await (await fetch(`${gateway.url}/a.css`)).text()
  const { request: hit, attempts } = await spans()
  assert.equal(hit?.attributes['headgate.cache'], 'hit')
  assert.deepEqual(attempts, [])

  exporter.reset()
  const left = new AbortController()
  const leaving = fetch(`${gateway.url}/slow`, { signal: left.signal }).catch(() => {})
  await eventually(() => assert.equal(origin.requests.length, 2))
  left.abort()
  await leaving
  await eventually(() => assert.equal(exporter.getFinishedSpans().length, 2))
})

test('hooks of plugins find the span of their request in the context', async (t) => {
  const origin = await startOrigin(t)
  let active: string | undefined
  const gateway = await startGateway(t, configFor([origin], { tracing }), (app) => {
    app.addHook('preHandler', async () => {
      active = trace.getActiveSpan()?.spanContext().spanId
    })
  })
  await (await fetch(gateway.url)).text()
  const { request } = await spans()
  assert.equal(active, request?.spanContext().spanId)
})

test('without tracing nobody makes a span, and the fields of a trace go on as they came', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await (await fetch(gateway.url, { headers: { traceparent } })).text()
  assert.equal(origin.requests[0]?.headers.traceparent, traceparent)
  assert.deepEqual(exporter.getFinishedSpans(), [])
  assert.equal(gateway.app.hasPlugin('headgate-tracing'), false)
})
