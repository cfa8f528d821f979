import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import { Agent, type Dispatcher, fetch, interceptors, request, stream, upgrade } from 'undici'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'

async function setUp(t: TestContext) {
  const server = await countingServer(t, (request, response) => {
    request.setEncoding('latin1')
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => response.end(`${request.method} ${request.url} ${body}`))
  })
  const pool = newPool(t, server.origin, { maxRequests: 4, jitter: 0 })
  t.after(() => pool.destroy())
  return { server, pool, url: `${server.origin}/path` }
}

perDriver("works with undici's request", async (t) => {
  const { server, pool, url } = await setUp(t)
  for (let i = 0; i < 8; i++) {
    const { body } = await request(url, { dispatcher: pool, method: 'POST', body: 'hello' })
    assert.equal(await body.text(), 'POST /path hello')
  }
  await until(() => server.open === 1)
  assert.deepEqual(
    server.connections.slice(0, 2).map(({ requests, announced }) => [requests, announced]),
    [
      [4, 1],
      [4, 1],
    ],
  )
})

perDriver("works with undici's fetch", async (t) => {
  const { server, pool, url } = await setUp(t)
  for (let i = 0; i < 4; i++) {
    const response = await fetch(url, { dispatcher: pool, method: 'PUT', body: 'hello' })
    assert.equal(await response.text(), 'PUT /path hello')
  }
  assert.equal(server.connections[0]!.requests, 4)
})

perDriver("works with undici's stream", async (t) => {
  const { pool, url } = await setUp(t)
  let body = ''
  const sink = new Writable({
    write(chunk, _encoding, callback) {
      body += chunk
      callback()
    },
  })
  await stream(url, { dispatcher: pool, method: 'GET' }, () => sink)
  assert.equal(body, 'GET /path ')
})

perDriver("works under undici's interceptors", async (t) => {
  const { pool, server } = await setUp(t)
  const composed = pool.compose(interceptors.retry({ maxRetries: 1 }))
  const { body } = await composed.request({ origin: server.origin, path: '/path', method: 'GET' })
  assert.equal(await body.text(), 'GET /path ')
})

perDriver('stands in an Agent in the place of its pools', async (t) => {
  const { pool, server, url } = await setUp(t)
  const agent = new Agent({ factory: () => pool })
  // With room for one alone the rest waits, and is told that there is room again.
  const answers = Array.from({ length: 5 }, async () => {
    const { body } = await request(url, { dispatcher: agent })
    return body.text()
  })
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['GET /path ']))
  await agent.close()
  assert.equal(pool.closed, true)
  await until(() => server.open === 0)
})

perDriver("tells of its connections by undici's events", async (t) => {
  const { pool, url } = await setUp(t)
  const events: string[] = []
  const note = (event: string) => (origin: URL, targets: readonly Dispatcher[]) => {
    assert.deepEqual([origin, targets], [pool.origin, [pool]])
    events.push(event)
  }
  pool.on('connect', note('connect')).on('disconnect', note('disconnect'))
  await (await request(url, { dispatcher: pool })).body.text()
  assert.deepEqual(events, ['connect'])
  pool.retire()
  await until(() => events.length === 2)
  assert.deepEqual(events, ['connect', 'disconnect'])
})

perDriver("is an upgrade's dispatcher too, and the tunnel counts until it ends", async (t) => {
  const server = http.createServer()
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const pool = newPool(t, url)
  t.after(() => {
    server.close()
    return pool.destroy()
  })
  const { socket } = await upgrade(url, { dispatcher: pool, protocol: 'echo' })
  const echo = new Promise((resolve) => socket.once('data', resolve))
  socket.write('hello')
  assert.equal(String(await echo), 'hello')
  assert.deepEqual([pool.stats.active, pool.stats.tunnels], [1, 1])
  socket.end()
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.tunnels, 0)
})

perDriver('is what @fastify/reply-from sends through', async (t) => {
  const { server, pool } = await setUp(t)
  const app = fastify()
  t.after(() => app.close())
  await app.register(replyFrom, { base: server.origin, undici: pool as never })
  app.get('/path', (_request, reply) => reply.from('/path'))
  assert.equal((await app.inject('/path')).body, 'GET /path ')
  assert.equal(pool.stats.opened, 1)
})
