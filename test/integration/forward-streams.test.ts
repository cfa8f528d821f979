import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import test, { type TestContext } from 'node:test'
import compress from '@fastify/compress'
import { connect, sendRaw } from '../helpers/raw-client.ts'
import { type GatewayInput, metric, startBefore } from '../helpers/raw-gateway.ts'

/** A server whose response a test holds in its hands. */
function held(): { handle: RequestListener; response: Promise<ServerResponse> } {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  return { handle: (_request, response) => resolve(response), response: promise }
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

test('a head arrives before any of its body, and events one by one', async (t) => {
  const { handle, response } = held()
  const gateway = await startBefore(t, handle)
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  const arrival = async (part: string) => {
    while (!text.includes(part)) await new Promise((resolve) => setImmediate(resolve))
  }
  client.write(get)
  const server = await response
  server.writeHead(200, { 'content-type': 'text/event-stream' })
  server.flushHeaders()
  await arrival('text/event-stream\r\n')
  await arrival('\r\n\r\n')
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    server.write(event)
    await arrival(event)
  }
})

/** A client leaves before the head, and another one after it. */
async function leave(t: TestContext, input: GatewayInput = {}): Promise<void> {
  for (const hasHead of [false, true]) {
    const { handle, response } = held()
    const gateway = await startBefore(t, handle, input)
    const client = await connect(gateway.port)
    client.write(get)
    const server = await response
    if (hasHead) {
      server.write('something')
      await new Promise((resolve) => client.once('data', resolve))
    }
    const left = new Promise((resolve) => server.once('close', resolve))
    client.destroy()
    await left
    assert.equal(await metric(gateway.url, 'headgate_upstream_in_flight'), 0)
  }
}

test('a client that leaves ends the request at the server: before the head, and after it', (t) => leave(t))

test('a client that leaves the queue is not sent to a server any more', async (t) => {
  const targets: string[] = []
  const first = Promise.withResolvers<ServerResponse>()
  const gateway = await startBefore(
    t,
    (request, response) => {
      targets.push(request.url ?? '')
      if (request.url === '/first') first.resolve(response)
      else response.end()
    },
    { upstream: { limits: { maxInFlight: 1, queue: 10, queueTimeout: 10_000 } } },
  )
  const [one, two] = [await connect(gateway.port), await connect(gateway.port)]
  t.after(() => one.destroy())
  one.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n')
  const response = await first.promise
  two.write('GET /second HTTP/1.1\r\nHost: a\r\n\r\n')
  const depth = async (wanted: number) => {
    while ((await metric(gateway.url, 'headgate_queue_depth')) !== wanted);
  }
  await depth(1)
  two.destroy()
  await depth(0)
  response.end()
  assert.equal((await fetch(`${gateway.url}/third`)).status, 200)
  assert.deepEqual(targets, ['/first', '/third'])
})

test('a client that does not read slows the server down, and memory stays', async (t) => {
  let written = 0
  const gateway = await startBefore(t, (_request, response) => {
    const more = () => {
      while (!response.destroyed && written < 100_000_000) {
        written += 65_536
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  })
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  client.pause()
  client.write(get)
  let before = -1
  while (before !== written) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(written < 20_000_000, `${written} bytes were taken for a client that reads nothing`)
})

test('what a plugin does on the way out is done: compression', async (t) => {
  const gateway = await startBefore(
    t,
    (request, response) => {
      response.setHeader('content-type', 'text/plain')
      response.setHeader('vary', 'x-a')
      if (request.url === '/broken') {
        response.setHeader('content-length', 100_000)
        response.write('x'.repeat(5000), () => response.destroy())
        return
      }
      if (request.url === '/empty') return void response.writeHead(204).end()
      response.end('hello '.repeat(10_000))
    },
    {
      prepare: async (app) => {
        await app.register(compress)
        app.addHook('onRequest', async (_request, reply) => void reply.header('x-hook', 'yes'))
      },
    },
  )
  const response = await fetch(gateway.url, { headers: { 'accept-encoding': 'gzip' } })
  assert.equal(response.headers.get('content-encoding'), 'gzip')
  assert.equal(response.headers.get('x-hook'), 'yes')
  assert.match(response.headers.get('via') ?? '', /headgate/)
  assert.match(response.headers.get('vary') ?? '', /x-a/)
  assert.match(response.headers.get('vary') ?? '', /accept-encoding/i)
  assert.equal(await response.text(), 'hello '.repeat(10_000))

  const head = await fetch(gateway.url, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  assert.equal((await fetch(`${gateway.url}/empty`)).status, 204)
  await assert.rejects(fetch(`${gateway.url}/broken`).then((answer) => answer.text()))
  assert.equal(await metric(gateway.url, 'headgate_upstream_in_flight'), 0)
})

test('a client that leaves ends the request at the server on that way too', (t) =>
  leave(t, { prepare: (app) => app.addHook('onSend', async (_request, _reply, payload) => payload) }))

test('fields of the client address are believed from trusted proxies alone', async (t) => {
  const echo: RequestListener = (request, response) => response.end(JSON.stringify(request.headers))
  const sent = {
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example',
    forwarded: 'for=192.0.2.7',
    'x-request-id': 'abc-123',
  }
  const trusting = await startBefore(t, echo, { server: { trustProxy: ['127.0.0.0/8'], forwarded: true } })
  const trusted = (await (await fetch(trusting.url, { headers: sent })).json()) as Record<string, string>
  assert.equal(trusted['x-forwarded-for'], '192.0.2.7, 127.0.0.1')
  assert.equal(trusted['x-forwarded-proto'], 'https')
  assert.equal(trusted['x-forwarded-host'], 'shop.example')
  assert.match(
    trusted.forwarded ?? '',
    /^for=192\.0\.2\.7, for=127\.0\.0\.1;proto=http;host="127\.0\.0\.1:\d+"$/,
  )
  assert.equal(trusted['x-request-id'], 'abc-123')

  const others = await startBefore(t, echo, { server: { trustProxy: ['10.0.0.0/8'] } })
  const response = await fetch(others.url, { headers: sent })
  const untrusted = (await response.json()) as Record<string, string>
  assert.equal(untrusted['x-forwarded-for'], '127.0.0.1')
  assert.equal(untrusted['x-forwarded-proto'], 'http')
  assert.equal(untrusted.forwarded, undefined)
  assert.notEqual(untrusted['x-request-id'], 'abc-123')
  assert.equal(response.headers.get('x-request-id'), untrusted['x-request-id'])

  const odd = (await (await fetch(trusting.url, { headers: { 'x-request-id': 'a b"c' } })).json()) as Record<
    string,
    string
  >
  assert.match(odd['x-request-id'] ?? '', /^[\w-]+$/)
})

test('several lines of X-Forwarded-For are one chain', async (t) => {
  const gateway = await startBefore(
    t,
    (request, response) => response.end(`<${request.headers['x-forwarded-for']}>`),
    {
      server: { trustProxy: true },
    },
  )
  const lines = 'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n'
  const { text } = await sendRaw(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, { quietMs: 30 })
  assert.match(text, /<192\.0\.2\.1, 192\.0\.2\.2, 127\.0\.0\.1>/)
})
