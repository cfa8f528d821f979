import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import { connect, parse, sendRaw, statusesIn } from '../helpers/raw-client.ts'
import { freePort, startGateway } from '../helpers/raw-gateway.ts'
import { RawServer } from '../helpers/raw-server.ts'

// What the gateway is held to is known to fail elsewhere: each case is shown on reply-from as it comes, and on the gateway.

async function plainProxy(t: TestContext, port: number): Promise<number> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(replyFrom, { base: `http://127.0.0.1:${port}` })
  app.all('/public/*', (request, reply) => reply.from(request.raw.url as string))
  app.all('/*', (request, reply) => reply.from(request.raw.url as string))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  return (app.server.address() as AddressInfo).port
}

async function gatewayTo(t: TestContext, port: number): Promise<number> {
  const gateway = await startGateway([port])
  t.after(gateway.close)
  return gateway.port
}

async function rawServer(t: TestContext): Promise<RawServer> {
  const server = await new RawServer().listen()
  t.after(() => server.close())
  return server
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

test('a backslash climbs out of a route on plain reply-from, and is refused here', async (t) => {
  const server = await rawServer(t)
  const bytes = 'GET /public/x\\..\\..\\admin HTTP/1.1\r\nHost: a\r\n\r\n'
  await sendRaw(await plainProxy(t, server.port), bytes, { until: (text) => text.includes('ok') })
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/admin'],
  )
  const { statuses } = await sendRaw(await gatewayTo(t, server.port), bytes)
  assert.deepEqual([statuses, server.requests.length], [[400], 1])
})

test('a refused connection names the server on plain reply-from, and nobody here', async (t) => {
  const port = await freePort()
  const unsafe = await sendRaw(await plainProxy(t, port), get, { quietMs: 30 })
  assert.deepEqual([unsafe.statuses, unsafe.text.includes(String(port))], [[500], true])
  const safe = await sendRaw(await gatewayTo(t, port), get, { quietMs: 30 })
  assert.deepEqual([safe.statuses, safe.text.includes(String(port))], [[502], false])
})

test('garbage of a server is a 500 on plain reply-from, and a 502 here', async (t) => {
  const server = await rawServer(t)
  server.respond = (_request, socket) => socket.end('SSH-2.0-OpenSSH\r\n')
  assert.deepEqual((await sendRaw(await plainProxy(t, server.port), get, { quietMs: 30 })).statuses, [500])
  assert.deepEqual((await sendRaw(await gatewayTo(t, server.port), get, { quietMs: 30 })).statuses, [502])
})

test('Connection: close of a server crosses plain reply-from, and not here', async (t) => {
  const server = await rawServer(t)
  server.respond = (_request, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
  }
  const unsafe = await sendRaw(await plainProxy(t, server.port), get, { quietMs: 30 })
  assert.deepEqual(parse(unsafe.text).fields.get('connection'), ['close'])
  const safe = await sendRaw(await gatewayTo(t, server.port), get, { quietMs: 30 })
  assert.deepEqual(parse(safe.text).fields.get('connection'), ['keep-alive'])
})

test('a 503 is asked for again and again by plain reply-from, and once here', async (t) => {
  const server = await rawServer(t)
  server.respond = (_request, socket) => {
    socket.write('HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n')
  }
  const until = (text: string) => statusesIn(text).length > 0
  await sendRaw(await plainProxy(t, server.port), get, { quietMs: 10, until })
  assert.ok(server.requests.length > 5, `${server.requests.length} requests`)
  server.requests.length = 0
  await sendRaw(await gatewayTo(t, server.port), get, { quietMs: 10, until })
  assert.equal(server.requests.length, 1)
})

test('a client that leaves goes on being served by plain reply-from, and not here', async (t) => {
  const server = await rawServer(t)
  const arrived: PromiseWithResolvers<{ left: Promise<boolean> }>[] = [
    Promise.withResolvers(),
    Promise.withResolvers(),
  ]
  server.respond = (_request, socket) => {
    const left = new Promise<boolean>((resolve) => {
      socket.once('close', () => resolve(true))
      setTimeout(() => resolve(false), 300)
    })
    arrived.shift()?.resolve({ left })
  }
  const outcomes: boolean[] = []
  for (const port of [await plainProxy(t, server.port), await gatewayTo(t, server.port)]) {
    const next = arrived[0]!.promise
    const client = await connect(port)
    client.write(get)
    const { left } = await next
    client.destroy()
    outcomes.push(await left)
  }
  assert.deepEqual(outcomes, [false, true])
})
