import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { edgeResponse } from '../../../src/edge/edge-response.ts'
import { listen } from '../../helpers/bare-server.ts'
import { sendRaw } from '../../helpers/raw-client.ts'

const EdgeResponse = edgeResponse(() => false)

/** Sizes of what is written to a connection from here on, bytes. */
function written(socket: Socket): number[] {
  const sizes: number[] = []
  const write = socket.write
  socket.write = function (this: Socket, ...args: [string | Buffer]) {
    sizes.push(Buffer.byteLength(args[0]))
    return write.apply(this, args)
  } as typeof write
  return sizes
}

for (const [bytes, pieces] of [
  [10 * 1024, 1],
  [20 * 1024, 2],
] as const) {
  test(`a body of ${bytes} bytes leaves in ${pieces} with its head`, async (t) => {
    let sizes: number[] = []
    const server = createServer({ ServerResponse: EdgeResponse }, (_request, response) => {
      sizes = written(response.socket as Socket)
      response.writeHead(200, { 'Content-Length': bytes })
      response.end(Buffer.alloc(bytes, 'x'))
    })
    const port = await listen(t, server)

    const { text } = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')

    assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), 'x'.repeat(bytes))
    assert.equal(sizes.length, pieces)
  })
}

type Answer = (response: ServerResponse) => void
const body = Buffer.from('0123456789')
const answers: Record<string, Answer> = {
  'with a length': (response) => void response.writeHead(200, { 'Content-Length': 10 }).end(body),
  'without one': (response) => void response.writeHead(200).end(body),
  'chunked, with trailers': (response) => {
    response.writeHead(200, { Trailer: 'x-sum', 'Transfer-Encoding': 'chunked' })
    response.addTrailers({ 'x-sum': '10' })
    response.end(body)
  },
  'without a body': (response) => void response.writeHead(304, { ETag: '"a"' }).end(body),
  'without a head': (response) => void response.end(body),
  'of which a part has left': (response) => {
    response.writeHead(200, { 'Content-Length': 20 })
    response.write(body)
    response.end(body)
  },
  'with a head that has left': (response) => {
    response.writeHead(200, { 'Content-Length': 10 }).flushHeaders()
    response.end(body)
  },
  'that is ended later': (response) => {
    response.writeHead(200, { 'Content-Length': 10 })
    setImmediate(() => response.end(body))
  },
  'that is ended twice': (response) => {
    response.writeHead(200, { 'Content-Length': 10 }).end(body)
    response.on('error', () => {}).end(body)
  },
  'whose length is looked at': (response) => {
    response.strictContentLength = true
    response.writeHead(200, { 'Content-Length': 10 }).end(body)
  },
}

for (const [what, answer] of Object.entries(answers)) {
  test(`an answer ${what} is what Node makes of it`, async (t) => {
    const ask = async (Response: typeof EdgeResponse) => {
      const server = createServer({ ServerResponse: Response }, (_request, response) => {
        response.sendDate = false
        answer(response)
      })
      const port = await listen(t, server)
      const request = (method: string) => `${method} / HTTP/1.1\r\nHost: test\r\n\r\n`
      return (await sendRaw(port, request('GET') + request('HEAD') + request('GET'))).text
    }

    assert.equal(await ask(EdgeResponse), await ask(ServerResponse))
  })
}

test('what a client has not taken yet is not what another is given', async (t) => {
  const bytes = 12 * 1024
  const answered = new EventEmitter()
  const server = createServer({ ServerResponse: EdgeResponse }, ({ url }, response) => {
    response.writeHead(200, { 'Content-Length': bytes }).end(Buffer.alloc(bytes, `${url} `))
    answered.emit('answer', response.writableLength > 0)
  })
  const port = await listen(t, server)
  const request = (number: number) => `GET /${number} HTTP/1.1\r\nHost: test\r\n\r\n`
  const slow = connect(port, '127.0.0.1').pause()
  t.after(() => slow.destroy())

  let requests = 0
  for (let isBehind = false; !isBehind; requests++) {
    slow.write(request(requests))
    ;[isBehind] = await once(answered, 'answer')
  }
  await sendRaw(port, request(requests))
  slow.end()
  const text = Buffer.concat(await slow.toArray()).toString('latin1')

  const bodies = text.split(/HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\n/).slice(1)
  assert.equal(bodies.length, requests)
  for (const [number, got] of bodies.entries())
    assert.ok(got === `/${number} `.repeat(bytes).slice(0, bytes), `of request ${number}`)
})
