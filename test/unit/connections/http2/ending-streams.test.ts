import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { classify } from '../../../../src/forward/failure.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { dispatch, send } from '../send.ts'
import { answerOk, h2Server, type Respond } from './h2-server.ts'
import { codeBytes, endStream, head, rawH2Server } from './raw-h2-server.ts'

const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants

async function setUp(t: TestContext, respond: Respond, options = {}) {
  const server = await h2Server(t, respond)
  const pool = new Http2Pool(server.origin, options)
  t.after(() => pool.destroy())
  return { server, pool }
}

/** Calls the first function for the first stream, and so on; the last one for the rest. */
function inOrder(...responds: Respond[]): Respond {
  let nth = 0
  return (...event) => responds[Math.min(nth++, responds.length - 1)]!(...event)
}

test('a refused request of any method goes out again, unseen, and its handler starts once', async (t) => {
  const { server, pool } = await setUp(
    t,
    inOrder((stream) => stream.close(NGHTTP2_REFUSED_STREAM), answerOk),
  )
  let starts = 0
  const { handler, outcome } = dispatch(pool, { method: 'POST', body: 'payload' })
  const { onRequestStart } = handler
  handler.onRequestStart = (...event) => {
    starts++
    onRequestStart!(...event)
  }
  assert.equal((await outcome).body, 'ok')
  assert.equal(starts, 1)
  assert.equal(server.sessions[0]!.requests, 2)
})

test('a request that every session refuses fails, and is said not to have been sent', async (t) => {
  const { server, pool } = await setUp(t, (stream) => stream.close(NGHTTP2_REFUSED_STREAM))
  const { error, sent } = await send(pool, { method: 'POST', body: 'payload' })
  assert.deepEqual([error?.code, sent], ['UND_ERR_SOCKET', false])
  assert.equal(server.sessions[0]!.requests, 3)
  assert.equal(classify(error).outcome, 'connection_lost')
})

for (const isWhole of [false, true]) {
  test(`a refused request whose upload has ${isWhole ? 'ended' : 'begun'} fails, and is said not to have been sent`, async (t) => {
    const { server, pool } = await setUp(
      t,
      inOrder((stream) => {
        stream.on('data', () => isWhole || stream.close(NGHTTP2_REFUSED_STREAM))
        stream.on('end', () => stream.close(NGHTTP2_REFUSED_STREAM))
      }, answerOk),
    )
    const body = new Readable({ read() {} })
    body.push('first')
    if (isWhole) body.push(null)
    const { error, sent } = await send(pool, { method: 'POST', body })
    assert.deepEqual([error?.code, sent], ['UND_ERR_SOCKET', false])
    assert.equal(body.destroyed, true)
    assert.equal(server.sessions[0]!.requests, 1)
  })
}

test('streams above the last one of a GOAWAY go on another session, those below it end where they are', async (t) => {
  const seen: string[] = []
  let first: Parameters<Respond>[0] | undefined
  const { server, pool } = await setUp(t, (stream, headers, session) => {
    seen.push(headers[':path'] as string)
    first ??= stream
    if (server.sessions.length > 1) return answerOk(stream, headers, session)
    if (session.requests < 3) return undefined
    // The first alone is processed.
    session.session.goaway(0, first.id!)
    return setImmediate(() => {
      first!.respond()
      first!.end('of the first')
    })
  })
  const outcomes = await Promise.all(['/1', '/2', '/3'].map((path) => send(pool, { path, method: 'POST' })))
  assert.deepEqual(
    outcomes.map(({ body }) => body),
    ['of the first', 'ok', 'ok'],
  )
  assert.deepEqual(seen.toSorted(), ['/1', '/2', '/2', '/3', '/3'])
})

test('a GOAWAY with an error hands on what was not processed, and fails the rest', async (t) => {
  const { server, pool } = await setUp(t, (stream, headers, seen) => {
    if (server.sessions.length > 1) answerOk(stream, headers, seen)
    else if (seen.requests === 2) seen.session.goaway(NGHTTP2_INTERNAL_ERROR, 1)
  })
  const [first, second] = await Promise.all([send(pool, { method: 'POST' }), send(pool, { method: 'POST' })])
  assert.deepEqual([first.error?.code, first.sent], ['UND_ERR_SOCKET', true])
  assert.equal(second.body, 'ok')
  assert.equal(pool.stats.closed.error, 1)
})

test('an idle session that takes leave is counted as closed by the server, and the next request has another', async (t) => {
  const { server, pool } = await setUp(t, answerOk)
  await send(pool)
  server.sessions[0]!.session.close()
  await until(() => pool.stats.closed.remote === 1)
  assert.equal((await send(pool)).body, 'ok')
  assert.equal(server.sessions.length, 2)
})

for (const [name, code, outcome] of [
  ['INTERNAL_ERROR', NGHTTP2_INTERNAL_ERROR, 'connection_lost'],
  ['CANCEL', NGHTTP2_CANCEL, 'connection_lost'],
  ['NO_ERROR', 0, 'connection_lost'],
  ['PROTOCOL_ERROR', NGHTTP2_PROTOCOL_ERROR, 'bad_response'],
] as const) {
  for (const isBegun of [false, true]) {
    test(`a reset with ${name} fails its request and no other: ${isBegun ? 'within' : 'before'} the response`, async (t) => {
      const server = await rawH2Server(t, (session, stream) => {
        if (stream === 1) return
        if (isBegun) {
          head(session, stream)
          session.frame('data', 0, stream, Buffer.from('part'))
        }
        session.frame('reset', 0, stream, codeBytes(code))
      })
      const pool = new Http2Pool(server.origin)
      t.after(() => pool.destroy())
      const held = send(pool)
      const { error, sent } = await send(pool)
      assert.equal(sent, true)
      assert.equal(classify(error).outcome, outcome)
      assert.deepEqual([pool.stats.active, server.sessions.length], [1, 1])
      await pool.destroy()
      await held
    })
  }
}

test('a response that was complete before its stream was reset is whole', async (t) => {
  const server = await rawH2Server(t, (session, stream) => {
    head(session, stream)
    session.frame('data', endStream, stream, Buffer.from('all of it'))
    session.frame('reset', 0, stream, codeBytes(0))
  })
  const pool = new Http2Pool(server.origin)
  t.after(() => pool.destroy())
  const body = new Readable({ read() {} })
  assert.equal((await send(pool, { method: 'POST', body })).body, 'all of it')
  assert.equal((await send(pool)).body, 'all of it')
})

test('a connection that breaks fails all that runs on it', async (t) => {
  const { server, pool } = await setUp(t, (stream, headers, { socket, requests }) => {
    if (headers[':path'] === '/begun') stream.respond()
    if (requests === 3) setImmediate(() => socket.resetAndDestroy())
  })
  const outcomes = await Promise.all([send(pool, { path: '/begun' }), send(pool), send(pool)])
  for (const { error, sent } of outcomes) {
    assert.deepEqual([classify(error).outcome, sent], ['connection_lost', true])
  }
  await until(() => pool.stats.total === 0)
  assert.deepEqual([server.open, pool.stats.closed.error], [0, 1])
})

test('a response that is shorter or longer than it says is not passed off as whole', async (t) => {
  for (const [body, outcome] of [
    ['short', 'bad_response'],
    // Node gives the whole session up.
    ['much longer than said', 'connection_lost'],
  ] as const) {
    const { pool } = await setUp(t, (stream) => {
      stream.respond({ 'content-length': '10' })
      stream.end(body)
    })
    const { error } = await send(pool)
    assert.equal(classify(error).outcome, outcome, body)
  }
})

test('a client that leaves resets its stream alone', async (t) => {
  const codes: number[] = []
  const { server, pool } = await setUp(t, (stream, headers, seen) => {
    if (headers[':path'] === '/ok') return answerOk(stream, headers, seen)
    stream.respond()
    stream.write('begun')
    return stream.on('close', () => codes.push(stream.rstCode))
  })
  const before = dispatch(pool)
  ;(await before.started).abort(new Error('gone'))
  assert.equal((await before.outcome).error?.message, 'gone')
  const paused = dispatch(pool)
  paused.handler.onResponseData = (controller) => {
    controller.pause()
    controller.abort(new Error('gone too'))
  }
  assert.equal((await paused.outcome).error?.message, 'gone too')
  await until(() => codes.length === 2)
  assert.deepEqual(codes, [NGHTTP2_CANCEL, NGHTTP2_CANCEL])
  assert.equal((await send(pool, { path: '/ok' })).body, 'ok')
  assert.deepEqual([server.sessions.length, pool.stats.idle], [1, 1])
})

test('an answer before the end of the upload is whole, and the upload is given up', async (t) => {
  const { server, pool } = await setUp(t, (stream) => {
    stream.respond({ ':status': 413 })
    stream.end('too large')
  })
  const body = new Readable({ read() {} })
  body.push('first')
  const { statusCode, body: text, error } = await send(pool, { method: 'POST', body })
  assert.deepEqual([statusCode, text, error], [413, 'too large', undefined])
  assert.equal(body.destroyed, true)
  assert.equal((await send(pool)).statusCode, 413)
  assert.equal(server.sessions.length, 1)
})

/** Stands between pool and server until it goes silent, as a machine does that loses its power. */
async function silencer(t: TestContext, origin: string) {
  const sides: Socket[] = []
  let isSilent = false
  const proxy = net.createServer((client) => {
    const server = net.connect(Number(new URL(origin).port), '127.0.0.1')
    sides.push(client, server)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (chunk) => isSilent || to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    proxy.close()
    for (const side of sides) side.destroy()
  })
  return {
    origin: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    goSilent: () => {
      isSilent = true
    },
  }
}

test('a session whose server is silent is pinged, and given up when no answer comes', async (t) => {
  const clock = new FakeClock()
  const server = await h2Server(t, (stream, headers, seen) => {
    if (headers[':path'] === '/ok') answerOk(stream, headers, seen)
  })
  const line = await silencer(t, server.origin)
  const pool = new Http2Pool(line.origin, { clock, maxAge: 0, pingAfter: 15_000, pingTimeout: 5000 })
  t.after(() => pool.destroy())
  await send(pool, { path: '/ok' })
  const held = dispatch(pool, { path: '/held', headersTimeout: 0 }).outcome
  await until(() => server.sessions[0]!.running === 1)
  clock.advance(17_000)
  await until(() => server.sessions[0]!.pings === 1)
  // What comes after the answer has come: from here on the server is left alone for a while.
  await send(pool, { path: '/ok' })
  for (let second = 0; second < 200; second++) clock.advance(1000)
  assert.equal(server.sessions[0]!.pings, 1)
  assert.equal(pool.stats.active, 1)
  line.goSilent()
  for (let second = 0; second < 400 && pool.stats.active > 0; second++) {
    clock.advance(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { error } = await held
  assert.equal(classify(error).outcome, 'connection_lost')
  await until(() => pool.stats.closed.error === 1)
})

test('a closed session whose server does not hang up is cut after a while', async (t) => {
  const clock = new FakeClock()
  const server = await h2Server(t)
  const line = await silencer(t, server.origin)
  const pool = new Http2Pool(line.origin, { clock })
  await send(pool)
  line.goSilent()
  const closed = pool.close()
  clock.advance(4000)
  await closed
  assert.deepEqual([pool.stats.total, clock.pending], [0, 0])
})
