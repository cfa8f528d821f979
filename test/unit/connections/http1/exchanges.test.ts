import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import test from 'node:test'
import type { Dispatcher } from 'undici'
import type { DialFunction } from '../../../../src/connections/dialer.ts'
import { RecyclingPool } from '../../../../src/connections/recycling-pool.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { dispatch, send } from '../send.ts'
import { rawServer } from './raw-server.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('bytes behind a response never reach the next request', async (t) => {
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'
  const { pool } = await rawServer(t, (socket) => socket.write(answer + poison))
  for (let i = 0; i < 5; i++) assert.equal((await send(pool)).body, 'ok')
  assert.equal(pool.stats.opened, 5)
  await until(() => pool.stats.closed.error === 5)
})

test('bytes that come between the dispatch of a request and its writing do not answer it', async (t) => {
  const servers: Duplex[] = []
  const dial: DialFunction = (callback) => {
    const [client, server] = duplexPair()
    servers.push(server)
    server.on('error', () => {}).on('data', () => server.write(answer))
    client.on('close', () => server.destroy())
    setImmediate(() => callback(undefined, client as Socket))
    return { cancel: () => client.destroy() }
  }
  const pool = new RecyclingPool('http://memory.example', { driver: 'headgate', dial })
  t.after(() => pool.destroy())
  for (const act of [() => servers[0]?.write(answer.replace('ok', 'no')), () => servers[1]?.end()]) {
    assert.equal((await send(pool)).body, 'ok')
    const { outcome } = dispatch(pool, { method: 'POST', body: 'once' })
    act()
    const { body, error } = await outcome
    assert.deepEqual([body, error], ['ok', undefined])
  }
  assert.equal(pool.stats.opened, 3)
})

test('a body behind a HEAD, a 204 or a 304 costs the connection', async (t) => {
  const { pool } = await rawServer(t, (socket, received) => {
    const status = received.slice(received.lastIndexOf(' /')).slice(2, 5)
    socket.write(`HTTP/1.1 ${status} x\r\nContent-Length: 2\r\n\r\n`)
    setImmediate(() => socket.write('no'))
  })
  for (const [method, path] of [
    ['HEAD', '/200'],
    ['GET', '/204'],
    ['GET', '/304'],
  ] as const) {
    const { statusCode, body, error } = await send(pool, { method, path })
    assert.deepEqual([statusCode, body, error], [Number(path.slice(1)), '', undefined])
    await until(() => pool.stats.total === 0)
  }
})

test('interim responses are told one by one, before the final one', async (t) => {
  const { pool } = await rawServer(t, (socket) =>
    socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer}`),
  )
  const told: unknown[] = []
  await new Promise((resolve) =>
    pool.dispatch(
      { path: '/', method: 'GET' },
      {
        onResponseStart: (controller, statusCode, headers) =>
          void told.push([statusCode, controller.rawHeaders, { ...headers }]),
        onResponseEnd: resolve,
      },
    ),
  )
  assert.deepEqual(told, [
    [100, [], {}],
    [103, ['Link', '</a>'], { link: '</a>' }],
    [200, ['Content-Length', '2'], { 'content-length': '2' }],
  ])
  assert.equal(pool.stats.idle, 1)
})

test('a handler that reads raw headers gets no others, and fields that repeat are a list for the rest', async (t) => {
  const { pool } = await rawServer(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n__proto__: x\r\nContent-Length: 0\r\n\r\n'),
  )
  const headersOf = (readsRawHeaders: boolean) =>
    new Promise<object>((resolve) => {
      const onResponseStart: Dispatcher.DispatchHandler['onResponseStart'] = (
        _controller,
        _status,
        headers,
      ) => resolve(headers)
      pool.dispatch({ path: '/', method: 'GET' }, {
        readsRawHeaders,
        onResponseStart,
      } as Dispatcher.DispatchHandler)
    })
  assert.deepEqual(Object.entries(await headersOf(false)), [
    ['a', ['1', '2']],
    ['__proto__', 'x'],
    ['content-length', '0'],
  ])
  assert.deepEqual(await headersOf(true), {})
})

test('trailers are told with the end', async (t) => {
  const { pool } = await rawServer(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'),
  )
  const trailers = await new Promise<unknown[]>((resolve) =>
    pool.dispatch(
      { path: '/', method: 'GET' },
      { onResponseEnd: (controller, trailers) => resolve([controller.rawTrailers, { ...trailers }]) },
    ),
  )
  assert.deepEqual(trailers, [['X-Sum', '1'], { 'x-sum': '1' }])
})

test('a malformed answer fails as such and ends the connection', async (t) => {
  const { pool } = await rawServer(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nA : b\r\n\r\n'))
  const { error, sent } = await send(pool)
  assert.deepEqual([error?.code, sent], ['HEADGATE_BAD_RESPONSE', true])
  await until(() => pool.stats.closed.error === 1)
})

test('an HTTP/1.0 server is served, and its connection kept only when it says so', async (t) => {
  const { pool } = await rawServer(t, (socket, received) => {
    const isKept =
      received.endsWith('/kept HTTP/1.1\r\n') || received.lastIndexOf('/kept') > received.lastIndexOf('/ ')
    socket.write(
      `HTTP/1.0 200 OK\r\n${isKept ? 'Connection: keep-alive\r\n' : ''}Content-Length: 2\r\n\r\nok`,
    )
  })
  await send(pool, { path: '/kept' })
  assert.equal(pool.stats.idle, 1)
  await send(pool)
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.opened, 1)
})

test('while a handler is paused nothing is told and little is read', async (t) => {
  const size = 32 * 1024 * 1024
  const { pool, sockets } = await rawServer(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size))
  })
  let received = 0
  let isEnded = false
  let controller: Dispatcher.DispatchController | undefined
  pool.dispatch(
    { path: '/', method: 'GET' },
    {
      onResponseData(given, chunk) {
        received += chunk.length
        controller = given
        given.pause()
      },
      onResponseEnd() {
        isEnded = true
      },
    },
  )
  await until(() => received > 0)
  const before = received
  for (let i = 0; i < 50; i++) await turn()
  assert.equal(received, before)
  assert.ok((sockets[0]?.writableLength ?? 0) > size / 4, 'the server can go on writing')
  while (!isEnded) {
    controller?.resume()
    await turn()
  }
  assert.equal(received, size)
  assert.equal(pool.stats.idle, 1)
})

test('a controller of an exchange that is over does nothing to the next one', async (t) => {
  const { pool } = await rawServer(t, (socket) => socket.write(answer))
  const first = dispatch(pool)
  await first.outcome
  const second = dispatch(pool)
  const stale = await first.started
  stale.pause()
  stale.resume()
  stale.abort(new Error('too late'))
  assert.equal((await second.outcome).body, 'ok')
  assert.equal(pool.stats.opened, 1)
})

test('a switch of protocols hands the socket over, with what has come on it', async (t) => {
  const { pool, sockets } = await rawServer(t, (socket, received) => {
    if (received.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 101 x\r\nUpgrade: echo\r\n\r\nearly ')
    else socket.write(received.slice(received.indexOf('\r\n\r\n') + 4))
  })
  const socket = await new Promise<Duplex>((resolve, reject) =>
    pool.dispatch(
      { path: '/', method: 'GET', upgrade: 'echo' },
      {
        onRequestUpgrade: (_controller, _status, _headers, socket) => resolve(socket),
        onResponseError: (_c, e) => reject(e),
      },
    ),
  )
  let text = ''
  await turn()
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write('late')
  await until(() => text === 'early late')
  assert.deepEqual([pool.stats.tunnels, sockets.length], [1, 1])
  socket.destroy()
  await until(() => pool.stats.total === 0)
})

test('an answer in place of a switch is an ordinary one', async (t) => {
  const { pool } = await rawServer(t, (socket) =>
    socket.write('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno'),
  )
  const { statusCode, body } = await send(pool, { upgrade: 'echo' })
  assert.deepEqual([statusCode, body], [401, 'no'])
})

test('the head and each piece of a response have their time, a pause not counted', async (t) => {
  const clock = new FakeClock()
  const options = { clock, headersTimeout: 1000, bodyTimeout: 2000, idleTimeout: 0, maxAge: 0 }
  const { pool, received } = await rawServer(t, () => {}, options)
  const slow = send(pool)
  await until(() => received.length === 1 && received[0] !== '')
  clock.advance(999)
  await turn()
  clock.advance(1)
  assert.equal((await slow).error?.code, 'UND_ERR_HEADERS_TIMEOUT')

  const stalled = await rawServer(
    t,
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome'),
    options,
  )
  const body = dispatch(stalled.pool)
  const controller = await body.started
  let seen = 0
  body.handler.onResponseData = () => void seen++
  await until(() => seen === 1)
  controller.pause()
  clock.advance(5000)
  await turn()
  controller.resume()
  clock.advance(1999)
  await turn()
  assert.equal(stalled.pool.stats.active, 1)
  clock.advance(1)
  assert.equal((await body.outcome).error?.code, 'UND_ERR_BODY_TIMEOUT')

  const patient = send(pool, { headersTimeout: 0 })
  await until(() => received.length === 2 && received[1] !== '')
  clock.advance(1_000_000)
  await turn()
  assert.equal(pool.stats.active, 1)
  await pool.destroy()
  assert.equal((await patient).error?.code, 'UND_ERR_DESTROYED')
  await stalled.pool.destroy()
  assert.equal(clock.pending, 0)
})

test('an idle connection is given up a second before the server would', async (t) => {
  const clock = new FakeClock()
  const options = { clock, idleTimeout: 0, maxAge: 0 }
  const { pool } = await rawServer(
    t,
    (socket) => socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=5\r\nContent-Length: 0\r\n\r\n'),
    options,
  )
  for (let i = 0; i < 3; i++) {
    await send(pool)
    clock.advance(3999)
  }
  assert.equal(pool.stats.opened, 1)
  clock.advance(1)
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.closed.idle, 1)
})

test('a handler that throws fails its own request, wherever it throws', async (t) => {
  const { pool } = await rawServer(t, (socket) => socket.write(answer))
  for (const name of ['onResponseStart', 'onResponseData', 'onResponseEnd', 'onRequestSent'] as const) {
    const error = await new Promise<Error>((resolve) =>
      pool.dispatch(
        { path: '/', method: 'GET' },
        {
          onResponseError: (_controller, error) => resolve(error),
          [name]() {
            throw new Error(name)
          },
        },
      ),
    )
    assert.equal(error.message, name)
  }
  assert.equal((await send(pool)).body, 'ok')
})
