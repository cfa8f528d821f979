import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import http, { type RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import test from 'node:test'
import { connect, sendRaw, statusesIn } from '../helpers/raw-client.ts'
import { metric, startBefore } from '../helpers/raw-gateway.ts'

/** Answers with the checksum and the length of what it was sent. */
const digest: RequestListener = async (request, response) => {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of request) {
    hash.update(chunk)
    length += chunk.length
  }
  response.end(`${length} ${hash.digest('hex')} ${request.headers['transfer-encoding'] ?? 'plain'}`)
}

test('large bodies arrive byte by byte, with a length and in chunks', async (t) => {
  const gateway = await startBefore(t, digest, { server: { bodyLimit: 0 } })
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 256))
  const sum = createHash('sha256').update(bytes).digest('hex')
  const plain = await fetch(gateway.url, { method: 'PUT', body: bytes })
  assert.equal(await plain.text(), `3000000 ${sum} plain`)
  const pieces = Readable.from(
    Array.from({ length: 300 }, (_, index) => bytes.subarray(index * 10_000, (index + 1) * 10_000)),
  )
  const chunked = await fetch(gateway.url, {
    method: 'POST',
    body: Readable.toWeb(pieces) as never,
    duplex: 'half',
  } as RequestInit)
  assert.equal(await chunked.text(), `3000000 ${sum} chunked`)
})

test('a body above the limit is a 413, whether it says so or not, and the client can read it', async (t) => {
  const aborted = Promise.withResolvers<void>()
  const gateway = await startBefore(
    t,
    (request) => {
      request.on('error', () => aborted.resolve()).resume()
    },
    { server: { bodyLimit: 100_000 } },
  )
  const declared = await fetch(gateway.url, { method: 'POST', body: 'x'.repeat(200_000) })
  assert.equal(declared.status, 413)
  // Node's client writes all it has, and reads meanwhile.
  const streamed = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(gateway.url, { method: 'POST' }, resolve).on('error', reject)
    for (let index = 0; index < 100; index++) request.write(Buffer.alloc(65_536))
    request.end()
  })
  assert.equal(streamed.statusCode, 413)
  assert.match(String(await streamed.toArray()), /HEADGATE_BODY_TOO_LARGE/)
  await aborted.promise
  assert.equal(await metric(gateway.url, 'headgate_upstream_in_flight'), 0)
})

test('a limit of exactly the size is no limit', async (t) => {
  const gateway = await startBefore(t, digest, { server: { bodyLimit: 5 } })
  const response = await fetch(gateway.url, { method: 'POST', body: 'hello' })
  assert.match(await response.text(), /^5 /)
})

test('an answer comes while the upload is still under way', async (t) => {
  const gateway = await startBefore(t, (_request, response) => response.writeHead(401).end('who are you?'))
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  let text = ''
  await new Promise<void>((resolve) => {
    client.on('data', (chunk) => {
      text += chunk
    })
    client.once('end', resolve)
  })
  assert.deepEqual(statusesIn(text), [401])
  assert.match(text, /connection: close/i)
  assert.match(text, /who are you\?/)
})

test('both directions stream at the same time', async (t) => {
  const gateway = await startBefore(t, (request, response) => {
    request.on('data', (chunk) => response.write(String(chunk).toUpperCase()))
    request.on('end', () => response.end())
    response.flushHeaders()
  })
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  for (const word of ['one', 'two', 'three']) {
    client.write(`${word.length.toString(16)}\r\n${word}\r\n`)
    while (!text.includes(word.toUpperCase())) await new Promise((resolve) => setImmediate(resolve))
  }
  client.write('0\r\n\r\n')
  while (!text.endsWith('0\r\n\r\n')) await new Promise((resolve) => setImmediate(resolve))
})

test('an upload that its client breaks off is broken off at the server', async (t) => {
  const outcome = Promise.withResolvers<string>()
  const gateway = await startBefore(t, (request) => {
    request
      .on('end', () => outcome.resolve('complete'))
      .on('error', () => outcome.resolve('broken'))
      .resume()
  })
  const client = await connect(gateway.port)
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello')
  await new Promise((resolve) => setTimeout(resolve, 50))
  client.destroy()
  assert.equal(await outcome.promise, 'broken')
})

test('a client that waits to be asked is not asked where the answer is no', async (t) => {
  const gateway = await startBefore(t, digest, { upstream: { servers: [{ url: 'http://127.0.0.1:1' }] } })
  const bytes = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'
  const answer = await sendRaw(gateway.port, bytes, { quietMs: 30 })
  assert.deepEqual(
    [answer.statuses, answer.text.includes('100 Continue'), answer.isClosed],
    [[502], false, true],
  )
})

test('a route of the application itself asks for bodies too, and reads them in its own way', async (t) => {
  const gateway = await startBefore(t, digest, {
    prepare: (app) => app.post('/own', async (request) => ({ got: request.body })),
  })
  const head =
    'POST /own HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n'
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  client.write(head)
  while (!text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    await new Promise((resolve) => setImmediate(resolve))
  client.write('{"a":1}')
  while (!text.endsWith('{"got":{"a":1}}')) await new Promise((resolve) => setImmediate(resolve))
})
