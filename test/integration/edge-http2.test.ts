import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import compress from '@fastify/compress'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { ConfigInput } from '../../src/config/schema.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import {
  configFor,
  echo,
  eventually,
  type Origin,
  type StartedGateway,
  startGateway,
  startOrigin,
} from '../helpers/gateway.ts'
import { connectH2, requestH2 } from '../helpers/h2-client.ts'
import { errorCodes, RawH2Client, requestOf, uint32 } from '../helpers/raw-h2-client.ts'

interface Input {
  listener?: RequestListener
  server?: ConfigInput['server']
  upstream?: Partial<ConfigInput['upstreams'][string]>
  prepare?: (app: FastifyInstance) => unknown
}

async function start(t: TestContext, input: Input = {}): Promise<StartedGateway & { origin: Origin }> {
  const files = writeCertificate()
  t.after(files.remove)
  const origin = await startOrigin(t, input.listener)
  const config = configFor([origin], {
    server: { tls: { cert: files.cert, key: files.key }, ...input.server },
    cache: { mode: 'off' },
    ...(input.upstream && { upstream: input.upstream }),
  })
  return { ...(await startGateway(t, config, input.prepare)), origin }
}

const post = requestOf('/').map(([name, value]): [string, string] => [
  name,
  name === ':method' ? 'POST' : value,
])

test('a request that is reset is given up at the server at once, and its slot is free', async (t) => {
  const gone: string[] = []
  const { port, origin } = await start(t, {
    upstream: { limits: { maxInFlight: 1, queue: 0 } },
    listener(request, response) {
      if (request.url !== '/slow') return response.end('ok')
      request.on('close', () => gone.push('request'))
      return response
    },
  })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  for (let id = 1; id < 20; id += 2) {
    client.headers(id, requestOf('/slow'))
    await eventually(() => assert.equal(origin.requests.length, (id + 1) / 2))
    client.reset(id)
    await eventually(() => assert.equal(gone.length, (id + 1) / 2))
  }
  const session = await connectH2(port)
  t.after(() => session.destroy())
  await eventually(async () => assert.equal((await requestH2(session, '/')).status, 200))
})

for (const [how, breakOff] of [
  ['a reset with CANCEL', (client: RawH2Client) => client.reset(1)],
  ['a reset without an error', (client: RawH2Client) => client.reset(1, errorCodes.none)],
  ['the end of the connection', (client: RawH2Client) => client.socket.end()],
  ['a torn connection', (client: RawH2Client) => client.socket.destroy()],
  [
    'a GOAWAY and the end',
    (client: RawH2Client) => {
      client.frame('goaway', 0, 0, Buffer.concat([uint32(0), uint32(0)]))
      client.socket.end()
    },
  ],
] as const) {
  test(`an upload that is broken off by ${how} never looks finished`, async (t) => {
    const ends: string[] = []
    const { port, origin } = await start(t, {
      listener(request) {
        request.resume()
        request.on('end', () => ends.push('end'))
        request.on('error', () => {})
        request.on('close', () => ends.push(request.complete ? 'complete' : 'broken off'))
      },
    })
    const client = await RawH2Client.connect(port)
    client.headers(1, post, 0)
    client.data(1, 'a'.repeat(1000), false)
    await eventually(() => assert.equal(origin.requests.length, 1))
    breakOff(client)
    await eventually(() => assert.deepEqual(ends, ['broken off']))
    client.close()
  })
}

test('an answer that breaks off at the server is reset, and the other streams go on', async (t) => {
  const { port } = await start(t, {
    listener(request, response) {
      if (request.url === '/ok') return response.end('ok')
      response.writeHead(200)
      response.write('half')
      return setTimeout(() => response.destroy(), 20)
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const [broken, whole] = await Promise.all([requestH2(session, '/broken'), requestH2(session, '/ok')])
  assert.equal(broken.isComplete, false)
  assert.equal(broken.rstCode, errorCodes.internal)
  assert.equal(whole.body, 'ok')
})

test('trailers and early hints cross', async (t) => {
  const { port } = await start(t, {
    listener(_request, response) {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => {
        response.writeHead(200, { trailer: 'x-sum' })
        response.write('body')
        response.addTrailers({ 'x-sum': '42' })
        response.end()
      })
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const answer = await requestH2(session, '/')
  assert.deepEqual(
    { body: answer.body, sum: answer.trailers['x-sum'], hints: answer.interim.map(({ link }) => link) },
    { body: 'body', sum: '42', hints: ['</a.css>; rel=preload'] },
  )
  assert.equal(answer.isComplete, true)
})

test('fields named like what every JavaScript object has cross as others do', async (t) => {
  const asked: unknown[] = []
  const { port } = await start(t, {
    prepare: (app) => app.addHook('onRequest', async ({ headers }) => void asked.push(headers.constructor)),
    listener(request, response) {
      if (request.url === '/hints') {
        response.socket?.write('HTTP/1.1 103 Early Hints\r\nConstructor: hinted\r\n\r\n')
        return void response.end()
      }
      response.writeHead(200, { constructor: 'told', trailer: 'constructor' })
      response.write('body')
      response.addTrailers({ constructor: 'last' })
      response.end()
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const { headers, trailers } = await requestH2(session, '/', { headers: { constructor: 'asked' } })
  assert.deepEqual(asked, ['asked'])
  assert.deepEqual([headers.constructor, trailers.constructor], ['told', 'last'])
  const { interim } = await requestH2(session, '/hints')
  assert.deepEqual(
    interim.map((fields) => fields.constructor),
    ['hinted'],
  )
})

test('a client that reads slowly holds up its own stream alone, and no memory', async (t) => {
  const total = 64 * 1024 * 1024
  let sent = 0
  const { port } = await start(t, {
    listener(request, response) {
      if (request.url === '/ok') return response.end('ok')
      const chunk = Buffer.alloc(64 * 1024)
      const write = () => {
        while (sent < total) {
          sent += chunk.length
          if (!response.write(chunk)) return response.once('drain', write)
        }
        return response.end()
      }
      return write()
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  // Otherwise the window of the connection is as small as that of a stream.
  session.setLocalWindowSize(1024 * 1024)
  const slow = session.request({ ':path': '/large' })
  slow.on('error', () => {})
  await once(slow, 'response')
  slow.pause()
  assert.equal((await requestH2(session, '/ok')).body, 'ok')
  await eventually(async () => {
    const before = sent
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(sent, before, 'the server is held up')
  })
  assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes are on their way`)
  let received = 0
  slow.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  slow.resume()
  await once(slow, 'end')
  assert.equal(received, total)
})

test('a client that takes nothing of an answer is cut after sendTimeout, its other streams are not', async (t) => {
  const { port, log } = await start(t, {
    server: { sendTimeout: 200 },
    listener: (request, response) =>
      void response.end(request.url === '/ok' ? 'ok' : Buffer.alloc(1024 * 1024)),
  })
  const client = await RawH2Client.connect(port, [
    [1, 0],
    [4, 0],
  ])
  t.after(() => client.close())
  client.headers(1, requestOf('/large'))
  await client.over(1)
  assert.equal(client.stream(1).reset, errorCodes.cancel)
  client.frame('settings', 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))
  client.headers(3, requestOf('/ok'))
  await client.over(3)
  assert.equal(client.stream(3).data, 'ok')
  assert.ok(log.some(({ aborted }) => aborted === true))
})

test('a session that asks for nothing, and one that only pings, are ended', async (t) => {
  const { port } = await start(t, { server: { headersTimeout: 200, keepAliveTimeout: 200 } })
  const silent = await RawH2Client.connect(port, null)
  const pinging = await RawH2Client.connect(port)
  const timer = setInterval(() => pinging.frame('ping', 0, 0, Buffer.alloc(8)), 40)
  const rested = await RawH2Client.connect(port)
  rested.headers(1, requestOf('/'))
  await rested.over(1)
  const half = await RawH2Client.connect(port)
  half.frame('headers', 1, 1, '\x82')
  for (const client of [silent, pinging, rested, half]) {
    client.socket.on('end', () => client.socket.end())
    await client.until(() => client.isClosed || client.goaways.length > 0, 'the end')
  }
  clearInterval(timer)
  for (const client of [silent, pinging, rested, half]) client.close()
})

test('a body that never comes is 408', async (t) => {
  const { port } = await start(t, { server: { bodyTimeout: 200 }, listener: echo })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  client.headers(1, post, 0)
  client.data(1, 'a', false)
  await client.over(1)
  assert.equal(client.stream(1).statuses[0], 408)
})

test('a body that is too large is 413, before it has come', async (t) => {
  const { port } = await start(t, { server: { bodyLimit: 1000 } })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const answer = await requestH2(session, '/', { headers: { ':method': 'POST' }, body: Buffer.alloc(5000) })
  assert.equal(answer.status, 413)
})

test('no more streams are announced than configured', async (t) => {
  const { port } = await start(t, { server: { http2: { maxConcurrentStreams: 7 } } })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  await client.settle()
  assert.equal(client.settings.get(3), 7)
})

test('a connection carries as many requests as allowed, and is told in time', async (t) => {
  const { port } = await start(t, { server: { maxRequestsPerConnection: 3 } })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  for (const id of [1, 3, 5]) {
    client.headers(id, requestOf('/'))
    await client.over(id)
    assert.equal(client.stream(id).statuses[0], 200)
  }
  await client.until(() => client.goaways.length > 0, 'a GOAWAY')
  assert.deepEqual(new Set(client.goaways), new Set([errorCodes.none]))
})

test('a connection is ended at its age, with a GOAWAY or Connection: close, and no request fails', async (t) => {
  const { port } = await start(t, { server: { maxConnectionAge: 300 } })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  let id = 1
  while (client.goaways.length === 0) {
    client.headers(id, requestOf('/'))
    await client.over(id)
    assert.equal(client.stream(id).statuses[0], 200, client.describe().slice(-300))
    id += 2
  }
  assert.ok(id > 3)
  assert.equal(client.goaways[0], errorCodes.none)
})

test('a gateway that drains serves what still comes, says GOAWAY, and what runs finishes', async (t) => {
  let answer: (() => void) | undefined
  const { app, port, origin } = await start(t, {
    server: { shutdownGrace: 5_000 },
    listener: (request, response) => {
      if (request.url === '/ok') return response.end('ok')
      answer = () => response.end('late')
      return undefined
    },
  })
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  client.headers(1, requestOf('/slow'))
  await eventually(() => assert.equal(origin.requests.length, 1))
  const closed = app.close()
  client.headers(3, requestOf('/ok'))
  await client.over(3)
  assert.equal(client.stream(3).data, 'ok')
  assert.deepEqual(client.goaways, [errorCodes.none], 'told before its answer')
  answer?.()
  await client.over(1)
  assert.equal(client.stream(1).data, 'late')
  await closed
})

test('who begins to ask a gateway that drains is served, with all the requests that come together', async (t) => {
  const { app, port } = await start(t)
  await app.headgate.drain()
  const client = await RawH2Client.connect(port)
  t.after(() => client.close())
  client.socket.cork()
  for (const id of [1, 3, 5]) client.headers(id, requestOf('/'))
  client.socket.uncork()
  for (const id of [1, 3, 5]) await client.over(id)
  for (const id of [1, 3, 5]) assert.equal(client.stream(id).data, 'ok')
})

test('hooks, compression, rate limits and routes of plugins work as over HTTP/1.1', async (t) => {
  const { port } = await start(t, {
    listener: (_request, response) => {
      response.setHeader('content-type', 'text/plain')
      response.end('a'.repeat(5000))
    },
    async prepare(app) {
      await app.register(compress, { threshold: 100 })
      await app.register(rateLimit, { max: 4 })
      app.addHook('onRequest', async (request, reply) => {
        if (request.headers.authorization === 'no')
          return reply.code(401).send({ told: request.headers.host })
        return undefined
      })
      app.post('/own', async (request) => ({ got: request.body, version: request.raw.httpVersion }))
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const refused = await requestH2(session, '/', {
    headers: { authorization: 'no', ':authority': 'a.example' },
  })
  assert.equal(refused.status, 401)
  assert.deepEqual(JSON.parse(refused.body), { told: 'a.example' })
  const encoded = await requestH2(session, '/', { headers: { 'accept-encoding': 'gzip' } })
  assert.equal(encoded.headers['content-encoding'], 'gzip')
  assert.equal(encoded.isComplete, true)
  assert.equal(encoded.headers['x-ratelimit-limit'], '4')
  const own = await requestH2(session, '/own', {
    headers: { ':method': 'POST', 'content-type': 'application/json' },
    body: '{"a":1}',
  })
  assert.deepEqual(JSON.parse(own.body), { got: { a: 1 }, version: '2.0' })
  const statuses = []
  for (let turn = 0; turn < 6; turn++) statuses.push((await requestH2(session, '/')).status)
  assert.equal(statuses.at(-1), 429)
})

test('bodies of any type and length arrive, and HEAD, 204 and 304 have none', async (t) => {
  const { port } = await start(t, {
    listener(request: IncomingMessage, response: ServerResponse) {
      if (request.url === '/204') return response.writeHead(204).end()
      if (request.url === '/304') return response.writeHead(304, { etag: '"a"' }).end()
      return echo(request, response)
    },
  })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const body = Buffer.alloc(3_000_000, 'abc')
  const upload = await requestH2(session, '/', { headers: { ':method': 'PUT' }, body })
  assert.equal(JSON.parse(upload.body).body, body.toString())
  assert.equal((await requestH2(session, '/204')).status, 204)
  assert.equal((await requestH2(session, '/304')).status, 304)
  const head = await requestH2(session, '/', { headers: { ':method': 'HEAD' } })
  assert.deepEqual({ status: head.status, body: head.body }, { status: 200, body: '' })
})

test('a client is asked for its body when a server is ready for it', async (t) => {
  const { port } = await start(t, { listener: echo })
  const session = await connectH2(port)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/', ':method': 'POST', expect: '100-continue' })
  await once(stream, 'continue')
  stream.end('later')
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 200)
  stream.destroy()
})
