import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import { FormData, request } from 'undici'
import { RecyclingPool } from '../../../../src/connections/recycling-pool.ts'
import { countingServer, until } from '../counting-server.ts'
import { dispatch, send } from '../send.ts'
import { rawServer } from './raw-server.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const bodyOf = (received: string) => received.slice(received.indexOf('\r\n\r\n') + 4)

test('a body of bytes leaves in one write with its head and its length', async (t) => {
  const pieces: string[] = []
  const { pool, received } = await rawServer(t, (socket, received) => {
    pieces.push(received)
    socket.write(answer)
  })
  for (const body of ['hello', Buffer.from('hello'), new Uint8Array(Buffer.from('hello'))]) {
    pieces.length = 0
    await send(pool, { method: 'POST', body })
    assert.equal(pieces.length, 1)
    assert.match(received[0] as string, /content-length: 5\r\n\r\nhello$/)
  }
  await send(pool, { method: 'POST', body: '' })
  assert.match(received[0] as string, /content-length: 0\r\n\r\n$/)
  await send(pool, { method: 'GET' })
  assert.doesNotMatch((received[0] as string).split('GET').at(-1) as string, /content-length/)
})

test('a stream is sent in chunks, or with the length that was declared, and its first piece with the head', async (t) => {
  const pieces: string[] = []
  const { pool } = await rawServer(t, (socket, received) => {
    pieces.push(received)
    if (received.endsWith('0\r\n\r\n') || received.endsWith('world')) socket.write(answer)
  })
  const parts = () => Readable.from(['hello', '', ' world'])
  await send(pool, { method: 'POST', body: parts() })
  assert.match(pieces[0] as string, /transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n/)
  assert.match(pieces.at(-1) as string, /\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n$/)
  await send(pool, { method: 'POST', body: parts(), headers: ['content-length', '11'] })
  assert.match(pieces.at(-1) as string, /content-length: 11\r\n\r\nhello world$/)
})

test('a body that has arrived whole leaves in one write, and only with the length that was declared', async (t) => {
  const { pool, received } = await rawServer(t, (socket) => socket.write(answer))
  const whole = () => Object.assign(new Readable({ read() {} }), { takeWhole: () => Buffer.from('hello') })
  await send(pool, { method: 'POST', body: whole(), headers: ['content-length', '5'] })
  assert.match(received[0] as string, /content-length: 5\r\n\r\nhello$/)
  await send(pool, { method: 'POST', body: whole() })
  assert.match(received[0] as string, /transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
  const before = received[0]
  const { error } = await send(pool, { method: 'POST', body: whole(), headers: ['content-length', '6'] })
  assert.match(String(error), /RequestContentLengthMismatch|Content-Length/)
  assert.equal(received[0], before)
})

test('an empty stream is an empty body', async (t) => {
  const { pool, received } = await rawServer(t, (socket) => socket.write(answer))
  await send(pool, { method: 'PUT', body: Readable.from([]) })
  await send(pool, { method: 'GET', body: Readable.from([]) })
  assert.match(received[0] as string, /content-length: 0\r\n\r\nGET/)
  assert.match(received[0] as string, /keep-alive\r\n\r\n$/)
})

test('a stream that is longer or shorter than declared is never taken for whole', async (t) => {
  const { pool, received } = await rawServer(t, () => {})
  for (const [length, body] of [
    ['4', Readable.from(['hello'])],
    ['6', Readable.from(['hello'])],
    ['5', Readable.from(['hel', 'lo!'])],
  ] as const) {
    const { error } = await send(pool, { method: 'POST', body, headers: ['content-length', length] })
    assert.equal(error?.code, 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
  }
  const { error, started } = await send(pool, {
    method: 'POST',
    body: 'hello',
    headers: ['content-length', '4'],
  })
  assert.deepEqual([error?.code, started], ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', false])
  await until(() => pool.stats.closed.error === 3 && pool.stats.total === 1)
  for (const bytes of received) assert.doesNotMatch(bodyOf(bytes), /hello!/)
})

test('a stream that fails or is cut breaks the request off, and its connection', async (t) => {
  const { pool, received } = await rawServer(t, () => {})
  async function* failing(): AsyncGenerator<string> {
    yield 'hello'
    throw Object.assign(new Error('no more'), { code: 'ECUT' })
  }
  const { error, sent } = await send(pool, { method: 'POST', body: Readable.from(failing()) })
  assert.deepEqual([error?.code, sent], ['ECUT', true])
  const cut = new Readable({ read() {} })
  cut.push('hello')
  const { outcome } = dispatch(pool, { method: 'POST', body: cut })
  await until(() => received.join().split('hello').length === 3)
  cut.destroy()
  assert.equal((await outcome).error?.code, 'UND_ERR_ABORTED')
  for (const bytes of received) assert.doesNotMatch(bytes, /\r\n0\r\n/)
  await until(() => pool.stats.total === 0)
})

test('a stream waits while the server does not read', async (t) => {
  const { pool, sockets } = await rawServer(t, (socket) => socket.pause())
  let read = 0
  const body = new Readable({
    read() {
      read += 65_536
      this.push(Buffer.alloc(65_536))
    },
  })
  const { outcome, started } = dispatch(pool, { method: 'POST', body })
  await until(() => sockets.length === 1 && body.isPaused())
  // Whatever the two kernels hold, the rest is in no buffer.
  const held = read
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(body.isPaused() && read === held)
  ;(await started).abort(new Error('enough'))
  await outcome
  assert.equal(body.destroyed, true)
})

test('an answer that comes before the end of an upload is delivered, and ends the connection', async (t) => {
  const { pool } = await rawServer(t, (socket) =>
    socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'),
  )
  const body = new Readable({ read() {} })
  body.push('some')
  const { statusCode, body: text, error } = await send(pool, { method: 'POST', body })
  assert.deepEqual([statusCode, text, error], [413, 'no', undefined])
  assert.equal(body.destroyed, true)
  await until(() => pool.stats.total === 0)
})

test('every kind of body of undici arrives', async (t) => {
  const seen: string[] = []
  const server = await countingServer(t, (request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      seen.push(`${request.headers['content-type']} ${body}`)
      response.end()
    })
  })
  const pool = new RecyclingPool(server.origin, { driver: 'headgate' })
  t.after(() => pool.destroy())
  const form = new FormData()
  form.set('a', 'b')
  const bytes = new TextEncoder().encode('hello')
  async function* pieces() {
    yield bytes
  }
  const bodies: unknown[] = [
    new Blob(['hello'], { type: 'text/x' }),
    bytes.buffer,
    pieces(),
    [bytes],
    new Blob(['hello']).stream(),
  ]
  for (const body of [...bodies, form, new URLSearchParams('a=b').toString()]) {
    const { body: answer } = await request(server.origin, {
      dispatcher: pool,
      method: 'POST',
      body: body as never,
    })
    await answer.dump()
  }
  assert.equal(seen[0], 'text/x hello')
  for (const text of seen.slice(1, 5)) assert.equal(text, 'undefined hello')
  assert.match(seen[5] as string, /^multipart\/form-data; boundary=.*name="a"\r\n\r\nb\r\n/s)
  const { error } = await send(pool, { method: 'POST', body: 5 as never })
  assert.equal(error?.code, 'UND_ERR_INVALID_ARG')
})

test('trailers of a stream stand behind its last chunk, and never frame anything', async (t) => {
  const { pool, received } = await rawServer(t, (socket, received) => {
    if (/(?:\r\n\r\n|\r\nhello)$/.test(received)) socket.write(answer)
  })
  const trailerLines = ['X-A', '1', 'Content-Length', '3', 'X B', '2', 'X-C', 'a\r\nb', 'x-d', '']
  const trailed = (parts: string[]) => Object.assign(Readable.from(parts), { trailerLines })
  await send(pool, { method: 'POST', body: trailed(['hello']) })
  assert.match(received[0] as string, /\r\n\r\n5\r\nhello\r\n0\r\nX-A: 1\r\nx-d: \r\n\r\n$/)
  await send(pool, { method: 'POST', body: trailed([]) })
  assert.match(received[0] as string, /transfer-encoding: chunked\r\n\r\n0\r\nX-A: 1\r\nx-d: \r\n\r\n$/)
  await send(pool, { method: 'POST', body: trailed(['hello']), headers: ['content-length', '5'] })
  assert.match(received[0] as string, /content-length: 5\r\n\r\nhello$/)
})
