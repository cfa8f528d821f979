import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import type { Dispatcher } from 'undici'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { dispatch, send } from '../send.ts'
import { h2Server, type Respond } from './h2-server.ts'

const megabyte = 1024 * 1024

async function setUp(t: TestContext, respond: Respond, options = {}) {
  const server = await h2Server(t, respond)
  const pool = new Http2Pool(server.origin, options)
  t.after(() => pool.destroy())
  return { server, pool }
}

function pieces(count: number, onPiece: (nth: number) => void = () => {}): Readable {
  let nth = 0
  return new Readable({
    read() {
      if (nth === count) return void this.push(null)
      onPiece(++nth)
      this.push(Buffer.alloc(64 * 1024, nth % 251))
    },
  })
}

test('32 MB go up and come down again, byte for byte', async (t) => {
  const { pool } = await setUp(t, (stream) => {
    stream.respond()
    stream.pipe(stream)
  })
  const { handler, outcome } = dispatch(pool, { method: 'POST', body: pieces(512) })
  let received = 0
  let isSame = true
  handler.onResponseData = (_controller, chunk) => {
    for (let at = 0; at < chunk.length; at += 1000) {
      isSame &&= chunk[at] === (Math.floor((received + at) / 65_536) + 1) % 251
    }
    received += chunk.length
  }
  assert.equal((await outcome).error, undefined)
  assert.deepEqual([received, isSame], [32 * megabyte, true])
})

test('a server that takes nothing holds the upload up, and not the other streams of the session', async (t) => {
  let held: ServerHttp2Stream | undefined
  const { server, pool } = await setUp(t, (stream, headers) => {
    if (headers[':path'] === '/held') held = stream
    else {
      stream.respond()
      stream.pipe(stream)
    }
  })
  let read = 0
  const body = pieces(512, () => read++)
  const upload = send(pool, { path: '/held', method: 'POST', body })
  await until(() => held !== undefined && body.isPaused())
  const readBefore = read
  for (let i = 0; i < 10; i++) assert.equal((await send(pool, { method: 'POST', body: 'x' })).body, 'x')
  assert.equal(read, readBefore)
  assert.ok(read < 16)
  held!.resume().respond()
  held!.end('done')
  assert.equal((await upload).body, 'done')
  assert.equal(server.sessions.length, 1)
})

test('a client that takes nothing holds its response up, and not the other streams of the session', async (t) => {
  let written = 0
  const { server, pool } = await setUp(t, (stream, headers) => {
    stream.respond()
    if (headers[':path'] !== '/large') return stream.end('ok')
    return pieces(512, () => written++).pipe(stream)
  })
  const paused = Array.from({ length: 50 }, () => {
    const { handler, outcome } = dispatch(pool, { path: '/large' })
    const { promise, resolve } = Promise.withResolvers<Dispatcher.DispatchController>()
    let received = 0
    handler.onResponseData = (controller, chunk) => {
      received += chunk.length
      if (received !== chunk.length) return
      controller.pause()
      resolve(controller)
    }
    return { controller: promise, outcome, received: () => received }
  })
  for (const { controller } of paused) await controller
  // More than one session's window altogether.
  for (let i = 0; i < 200; i++) assert.equal((await send(pool)).body, 'ok')
  assert.ok(written < 50 * 12, `${written} pieces were written`)
  const [first] = paused
  ;(await first!.controller).resume()
  assert.equal((await first!.outcome).error, undefined)
  assert.equal(first!.received(), 32 * megabyte)
  assert.equal(server.sessions.length, 1)
})

test('what has come of a response is delivered although its session ends meanwhile', async (t) => {
  const { server, pool } = await setUp(t, (stream) => {
    stream.respond()
    stream.end(Buffer.alloc(100_000, 'a'))
  })
  const { handler, outcome } = dispatch(pool)
  const { promise, resolve } = Promise.withResolvers<Dispatcher.DispatchController>()
  let received = 0
  handler.onResponseData = (controller, chunk) => {
    received += chunk.length
    controller.pause()
    resolve(controller)
  }
  const controller = await promise
  await until(() => pool.stats.active === 0)
  server.sessions[0]!.socket.resetAndDestroy()
  await until(() => pool.stats.total === 0)
  assert.ok(received < 100_000)
  handler.onResponseData = (_controller, chunk) => {
    received += chunk.length
  }
  controller.resume()
  assert.equal((await outcome).error, undefined)
  assert.equal(received, 100_000)
})

test('every form of body arrives, and with its length where that is known', async (t) => {
  const { pool } = await setUp(t, (stream, headers) => {
    stream.respond({ 'x-length': headers['content-length'] ?? 'unknown' })
    stream.pipe(stream)
  })
  async function* generated() {
    yield Buffer.from('gen')
    yield 'erated'
  }
  for (const [body, text, length] of [
    [null, '', 'unknown'],
    ['string', 'string', '6'],
    [Buffer.from('bytes'), 'bytes', '5'],
    [new Uint8Array([97, 98]), 'ab', '2'],
    [Readable.from(['st', 'ream']), 'stream', 'unknown'],
    [generated(), 'generated', 'unknown'],
    [new Blob(['blob']), 'blob', 'unknown'],
    [Readable.from([]), '', 'unknown'],
  ] as const) {
    const { handler, outcome } = dispatch(pool, { method: 'POST', body: body as Readable })
    let told: unknown
    const { onResponseStart } = handler
    handler.onResponseStart = (...event) => {
      told = event[2]['x-length']
      onResponseStart!(...event)
    }
    assert.equal((await outcome).body, text)
    assert.equal(told, length)
  }
})

test('a body that is not as long as it says is not passed off as whole', async (t) => {
  const codes: number[] = []
  const { server, pool } = await setUp(t, (stream) => {
    stream.resume()
    stream.on('close', () => codes.push(stream.rstCode))
  })
  for (const body of [Readable.from(['short']), Readable.from(['much longer than said']), 'short']) {
    const { error } = await send(pool, { method: 'POST', headers: ['content-length', '10'], body })
    assert.equal(error?.code, 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
  }
  await until(() => codes.length === server.sessions[0]!.requests)
  assert.ok(codes.every((code) => code === 8))
})

test('a body that breaks off resets its stream', async (t) => {
  const { server, pool } = await setUp(t, () => {})
  const body = new Readable({ read() {} })
  body.push('part')
  const { outcome, started } = dispatch(pool, { method: 'POST', body })
  await started
  await until(() => server.sessions[0]?.running === 1)
  body.destroy(new Error('the client has left'))
  assert.equal((await outcome).error?.message, 'the client has left')
  await until(() => server.sessions[0]!.running === 0)
  assert.equal(pool.stats.idle, 1)
})

test('interim responses and trailers are told as they came, as lines without pseudo fields', async (t) => {
  const { pool } = await setUp(t, (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' })
    stream.respond({ ':status': 200, 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-name': 'caf\xe9' }))
    stream.end('body')
  })
  const heads: [number, unknown, unknown][] = []
  const { handler, outcome } = dispatch(pool)
  handler.onResponseStart = ({ rawHeaders }, status, headers) => {
    heads.push([status, (rawHeaders as string[]).slice(0, 6), headers['set-cookie']])
  }
  let trailers: unknown
  const { onResponseEnd } = handler
  handler.onResponseEnd = (...event) => {
    trailers = event[0].rawTrailers
    onResponseEnd!(...event)
  }
  assert.equal((await outcome).body, 'body')
  assert.deepEqual(heads[0], [103, ['link', '</a.css>; rel=preload'], undefined])
  assert.deepEqual(heads[1], [200, ['x-a', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2'], ['a=1', 'b=2']])
  assert.deepEqual(trailers, ['grpc-status', '0', 'x-name', 'caf\xe9'])
})

test('a response of trailers alone, as gRPC sends for errors, is a response without a body', async (t) => {
  let seen: IncomingHttpHeaders = {}
  const { pool } = await setUp(t, (stream, headers) => {
    seen = headers
    stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true })
  })
  const headers = ['Host', 'app.example', 'TE', 'trailers', 'Content-Type', 'application/grpc']
  const outcome = await send(pool, { method: 'POST', path: '/a.B/C', headers, body: 'x' })
  assert.deepEqual([outcome.statusCode, outcome.body, outcome.error], [200, '', undefined])
  assert.deepEqual([seen.te, seen[':authority'], seen.host], ['trailers', 'app.example', undefined])
})

test('a response to HEAD has a length and no body', async (t) => {
  const { server, pool } = await setUp(t, (stream) => {
    stream.respond({ ':status': 200, 'content-length': '1000' }, { endStream: true })
  })
  for (let i = 0; i < 3; i++) {
    const { statusCode, error } = await send(pool, { method: 'HEAD' })
    assert.deepEqual([statusCode, error], [200, undefined])
  }
  assert.equal(server.sessions.length, 1)
})

test('a server that does not answer, or stops within its answer, is given up in time', async (t) => {
  const clock = new FakeClock()
  const { server, pool } = await setUp(
    t,
    (stream, headers) => {
      if (headers[':path'] === '/silent') return
      stream.respond()
      stream.write('part')
    },
    { clock, pingAfter: 0 },
  )
  const silent = send(pool, { path: '/silent', headersTimeout: 3000 })
  await until(() => server.sessions[0]?.running === 1)
  clock.advance(5000)
  assert.equal((await silent).error?.code, 'UND_ERR_HEADERS_TIMEOUT')
  const { handler, outcome } = dispatch(pool, { bodyTimeout: 3000 })
  const begun = Promise.withResolvers<void>()
  handler.onResponseData = () => begun.resolve()
  await begun.promise
  clock.advance(5000)
  assert.equal((await outcome).error?.code, 'UND_ERR_BODY_TIMEOUT')
  await until(() => server.sessions[0]!.running === 0)
  assert.equal(pool.stats.idle, 1)
})

test('trailers of a body cross behind its last byte, and none is an end like any other', async (t) => {
  const seen: string[] = []
  const { pool } = await setUp(t, (stream) => {
    stream.on('trailers', (_headers, _flags, raw) => seen.push(raw.join()))
    stream.respond()
    stream.pipe(stream)
  })
  const trailed = (...trailerLines: string[]) => Object.assign(Readable.from(['a', 'b']), { trailerLines })
  for (const body of [trailed('X-A', '1', 'X-B', '2', 'x-a', '3'), trailed(), trailed('Host', 'evil')]) {
    assert.equal((await send(pool, { method: 'POST', body })).body, 'ab')
  }
  assert.deepEqual(seen, ['x-a,1,x-a,3,x-b,2'])
})
