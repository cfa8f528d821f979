import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { configFor, eventually, metric, startGateway } from '../helpers/gateway.ts'
import { answerOk, h2Server, type Respond } from '../unit/connections/http2/h2-server.ts'

async function setUp(t: TestContext, respond: Respond, { tls = false, connections = {} } = {}) {
  const server = await h2Server(t, respond, { tls })
  const gateway = await startGateway(
    t,
    configFor([{ url: server.origin }], {
      upstream: { connections: { http2: true, ...connections }, tls: { verify: false } },
      logging: { level: 'warn' },
    }),
  )
  return { server, gateway, name: new URL(server.origin).host }
}

for (const tls of [false, true]) {
  test(`clients of HTTP/1.1 are served by a server of HTTP/2: ${tls ? 'https' : 'http'}`, async (t) => {
    const { server, gateway } = await setUp(
      t,
      (stream, headers) => {
        const told = `${headers[':method']} ${headers[':path']} ${headers[':authority']} ${headers['x-forwarded-proto']}`
        stream.respond({ ':status': 201, 'content-type': 'text/plain', 'x-told': told })
        stream.pipe(stream)
      },
      { tls },
    )
    const response = await fetch(`${gateway.url}/a?b=c`, { method: 'POST', body: 'hello' })
    assert.deepEqual([response.status, await response.text()], [201, 'hello'])
    assert.equal(response.headers.get('x-told'), `POST /a?b=c 127.0.0.1:${gateway.port} http`)
    assert.equal(response.headers.get('connection'), 'keep-alive')
    assert.equal(server.sessions.length, 1)
  })
}

test('2000 requests over sessions that live for 50 fail not once, and the metrics say so', async (t) => {
  const { server, gateway, name } = await setUp(t, answerOk, { connections: { maxRequests: 50 } })
  let left = 2000
  let failures = 0
  const worker = async () => {
    while (left-- > 0) {
      const response = await fetch(gateway.url)
      if ((await response.text()) !== 'ok') failures++
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  assert.equal(failures, 0)
  assert.ok(server.sessions.length >= 2000 / 60)
  for (const { requests } of server.sessions) assert.ok(requests <= 60)
  const labels = `upstream="app",server="${name}"`
  await eventually(async () => {
    const closed = `headgate_upstream_connections_closed_total{${labels},reason="max_requests"}`
    assert.ok((await metric(gateway, closed)) >= 2000 / 60 - 3)
  })
  assert.equal(
    await metric(gateway, `headgate_upstream_connections_opened_total{${labels}}`),
    server.sessions.length,
  )
})

test('a POST that a server refuses unseen is served after all', async (t) => {
  let seen = 0
  const { gateway } = await setUp(t, (stream, headers, session) => {
    // REFUSED_STREAM
    if (++seen === 1) stream.close(7)
    else answerOk(stream, headers, session)
  })
  const response = await fetch(gateway.url, { method: 'POST', body: 'once' })
  assert.deepEqual([response.status, await response.text(), seen], [200, 'ok', 2])
})

test('trailers cross, and so do early hints', async (t) => {
  const { gateway } = await setUp(t, (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' })
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end('body')
  })
  const told = await new Promise((resolve, reject) => {
    const sent = request(gateway.url)
    const hints: unknown[] = []
    sent.on('information', ({ statusCode, headers }) => hints.push([statusCode, headers.link]))
    sent.on('response', (response) => {
      response.resume().on('end', () => resolve({ hints, trailers: response.trailers['grpc-status'] }))
    })
    sent.on('error', reject)
    sent.end()
  })
  assert.deepEqual(told, { hints: [[103, '</a.css>; rel=preload']], trailers: '0' })
})

test('active checks speak HTTP/2 too', async (t) => {
  const paths: string[] = []
  const server = await h2Server(t, (stream, headers, session) => {
    paths.push(headers[':path'] as string)
    answerOk(stream, headers, session)
  })
  const gateway = await startGateway(
    t,
    configFor([{ url: server.origin }], {
      upstream: {
        connections: { http2: true },
        health: { active: { path: '/well', interval: 20, healthyAfter: 1, unhealthyAfter: 1 } },
      },
    }),
  )
  await eventually(() => assert.ok(paths.filter((path) => path === '/well').length >= 3))
  assert.equal((await fetch(gateway.url)).status, 200)
})

test('a client that leaves resets its stream and nothing else', async (t) => {
  const codes: number[] = []
  const { server, gateway } = await setUp(t, (stream) => {
    stream.respond()
    stream.write('begun')
    return stream.on('close', () => codes.push(stream.rstCode))
  })
  const controller = new AbortController()
  const response = await fetch(gateway.url, { signal: controller.signal })
  controller.abort()
  await assert.rejects(response.text())
  await eventually(() => assert.deepEqual(codes, [8]))
  assert.equal(server.open, 1)
})
