import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { configFor, startGateway } from '../helpers/gateway.ts'
import { connectH2, requestH2 } from '../helpers/h2-client.ts'

interface Seen {
  headers?: IncomingHttpHeaders
  trailers?: IncomingHttpHeaders
}

/** A server that answers as those of gRPC do: a message and trailers, or trailers alone. */
async function start(t: TestContext) {
  const seen: Seen = {}
  const server = http2.createServer()
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    seen.headers = headers
    stream.on('trailers', (trailers) => {
      seen.trailers = trailers
    })
    stream.on('error', () => {})
    if (headers[':path'] === '/app.Service/Refuse') {
      return stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '7' },
        { endStream: true },
      )
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'done' }))
    return stream.pipe(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const files = writeCertificate()
  t.after(files.remove)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const gateway = await startGateway(
    t,
    configFor([{ url }], {
      server: { tls: { cert: files.cert, key: files.key } },
      upstream: { connections: { http2: true } },
      cache: { mode: 'off' },
    }),
  )
  const session = await connectH2(gateway.port)
  t.after(() => session.destroy())
  return { session, seen }
}

const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }

test('a call of gRPC passes from end to end, with trailers in both directions', async (t) => {
  const { session, seen } = await start(t)
  const answer = await requestH2(session, '/app.Service/Echo', {
    headers,
    body: 'message',
    trailers: { 'x-sum': '1' },
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.body, 'message')
  assert.equal(answer.trailers['grpc-status'], '0')
  assert.equal(answer.trailers['grpc-message'], 'done')
  assert.equal(seen.headers?.te, 'trailers')
  assert.equal(seen.headers?.['content-type'], 'application/grpc')
})

test('an answer of trailers alone is one', async (t) => {
  const { session } = await start(t)
  const answer = await requestH2(session, '/app.Service/Refuse', { headers, body: 'message' })
  assert.equal(answer.headers['grpc-status'], '7')
  assert.equal(answer.body, '')
  assert.equal(answer.isComplete, true)
})

test('messages of a stream cross one by one, in both directions', async (t) => {
  const { session } = await start(t)
  const stream = session.request({ ':path': '/app.Service/Chat', ...headers })
  await once(stream, 'response')
  for (const message of ['one', 'two', 'three']) {
    stream.write(message)
    assert.equal(String((await once(stream, 'data'))[0]), message)
  }
  const trailers = once(stream, 'trailers')
  stream.end()
  stream.resume()
  assert.equal((await trailers)[0]['grpc-status'], '0')
})
