import assert from 'node:assert/strict'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type AddressInfo, type Server } from 'node:net'
import test, { type TestContext } from 'node:test'
import { fetch, request } from 'undici'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { openPool } from '../../../../src/connections/pools.ts'
import { classify } from '../../../../src/forward/failure.ts'
import { cert, key } from '../../../helpers/certificate.ts'
import { closedPort, until } from '../counting-server.ts'
import { dispatch, send } from '../send.ts'
import { h2Server } from './h2-server.ts'

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

function poolFor(t: TestContext, origin: string, options = {}): Http2Pool {
  const pool = new Http2Pool(origin, { tls: { ca: cert }, ...options })
  t.after(() => pool.destroy())
  return pool
}

test('a server that offers HTTP/1.1 alone is an error that says so', async (t) => {
  const port = await listen(t, https.createServer({ key, cert }))
  const pool = poolFor(t, `https://127.0.0.1:${port}`)
  const { error, started } = await send(pool)
  assert.deepEqual([error?.code, started], ['ERR_TLS_ALPN_NOT_AGREED', false])
  assert.equal(classify(error).code, 'HEADGATE_TLS_FAILED')
})

test('over plain TCP too', async (t) => {
  const port = await listen(t, http.createServer())
  const pool = poolFor(t, `http://127.0.0.1:${port}`)
  const { error, started } = await send(pool)
  assert.deepEqual([error?.code, started], ['HEADGATE_BAD_RESPONSE', false])
  assert.match(String(error?.cause), /does not speak HTTP\/2/)
})

test('a server that never sends its SETTINGS is given up', async (t) => {
  const port = await listen(
    t,
    net.createServer(() => {}),
  )
  const pool = poolFor(t, `http://127.0.0.1:${port}`, { connectTimeout: 50 })
  const { error, started } = await send(pool)
  assert.deepEqual([error?.code, started], ['UND_ERR_CONNECT_TIMEOUT', false])
  assert.equal(pool.stats.failedDials, 1)
})

test('where nobody listens, everybody who waits is told', async (t) => {
  const pool = poolFor(t, `http://127.0.0.1:${await closedPort()}`)
  const outcomes = await Promise.all([send(pool), send(pool), send(pool)])
  for (const { error, started } of outcomes) assert.deepEqual([error?.code, started], ['ECONNREFUSED', false])
  assert.deepEqual([pool.stats.total, pool.stats.pending], [0, 0])
})

test('a recycled session resumes the TLS session of the one before it', async (t) => {
  const server = await h2Server(t, undefined, { tls: true })
  const pool = poolFor(t, server.origin, { maxRequests: 4, jitter: 0 })
  for (let i = 0; i < 20; i++) assert.equal((await send(pool)).body, 'ok')
  assert.ok(pool.stats.opened >= 5)
  assert.equal(pool.stats.resumed, pool.stats.opened - 1)
})

test('a server whose certificate is not trusted gets no request', async (t) => {
  const server = await h2Server(t, undefined, { tls: true })
  const { error } = await send(poolFor(t, server.origin, { tls: {} }))
  assert.equal(error?.code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
})

test('a server is asked by its own name', async (t) => {
  const server = await h2Server(t, undefined, { tls: true })
  const address = {
    protocol: 'https:',
    host: '127.0.0.1',
    port: Number(new URL(server.origin).port),
  } as const
  for (const [servername, code] of [
    ['app.example', undefined],
    ['other.example', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    const pool = openPool({ ...address, servername }, { http2: true, tls: { ca: cert } })
    assert.ok(pool instanceof Http2Pool)
    assert.equal((await send(pool)).error?.code, code)
    await pool.destroy()
  }
})

/** Upgrades to an echo, refuses what asks for `/no`. */
function onUpgrade(message: http.IncomingMessage, socket: import('node:stream').Duplex): void {
  if (message.url === '/no') return void socket.end('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno')
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  socket.on('error', () => {})
  socket.pipe(socket)
}

test('an upgrade goes by HTTP/1.1 to a server that offers both, and counts with the sessions', async (t) => {
  const server = http2.createSecureServer({ key, cert, allowHTTP1: true }, (_request, response) => {
    response.end('ok')
  })
  server.on('upgrade', onUpgrade)
  const port = await listen(t, server)
  const pool = poolFor(t, `https://127.0.0.1:${port}`)
  assert.equal((await send(pool)).body, 'ok')

  const { handler } = dispatch(pool, { path: '/yes', upgrade: 'echo' })
  const { promise, resolve } = Promise.withResolvers<import('node:stream').Duplex>()
  handler.onRequestUpgrade = (_controller, _status, _headers, socket) => resolve(socket)
  const socket = await promise
  socket.write('hello')
  assert.equal(String((await socket[Symbol.asyncIterator]().next()).value), 'hello')
  await until(() => pool.stats.tunnels === 1)
  assert.deepEqual([pool.stats.active, pool.stats.idle, pool.stats.opened], [1, 1, 2])

  const closed = pool.close()
  socket.destroy()
  await closed
  assert.equal(pool.stats.total, 0)
})

test('an upgrade that is refused is answered, and one that HTTP/1.1 is not there for fails', async (t) => {
  const server = http2.createSecureServer({ key, cert, allowHTTP1: true })
  server.on('upgrade', onUpgrade)
  const port = await listen(t, server)
  const refused = await send(poolFor(t, `https://127.0.0.1:${port}`), { path: '/no', upgrade: 'echo' })
  assert.deepEqual([refused.statusCode, refused.body], [401, 'no'])

  const only = await h2Server(t, undefined, { tls: true })
  const { error, started } = await send(poolFor(t, only.origin), { upgrade: 'echo' })
  assert.equal(started, false)
  assert.equal(classify(error).outcome, 'connect_failed')
})

test('a socket for a tunnel counts within max', async (t) => {
  const server = http2.createSecureServer({ key, cert, allowHTTP1: true }, (_request, response) => {
    response.end('ok')
  })
  const port = await listen(t, server)
  const pool = poolFor(t, `https://127.0.0.1:${port}`, { max: 2 })
  const socket = await pool.connectSocket()
  assert.equal((await send(pool)).body, 'ok')
  await assert.rejects(pool.connectSocket(), { code: 'HEADGATE_QUEUE_FULL' })
  assert.deepEqual([pool.stats.total, pool.stats.tunnels], [2, 1])
  socket.destroy()
  await until(() => pool.stats.tunnels === 0)
  ;(await pool.connectSocket()).destroy()
})

test("the pool works alone, with undici's request and fetch", async (t) => {
  const server = await h2Server(
    t,
    (stream, headers) => {
      stream.respond({ 'content-type': 'text/plain', 'x-path': headers[':path'] as string })
      stream.pipe(stream)
    },
    { tls: true },
  )
  const pool = poolFor(t, server.origin)
  const options = { method: 'POST', body: 'hello', query: { a: '1' }, dispatcher: pool } as const
  const { body, headers } = await request(`${server.origin}/`, options)
  assert.deepEqual([await body.text(), headers['x-path']], ['hello', '/?a=1'])
  const response = await fetch(`${server.origin}/x`, { method: 'POST', body: 'hello', dispatcher: pool })
  assert.deepEqual([await response.text(), response.headers.get('x-path')], ['hello', '/x'])
})
