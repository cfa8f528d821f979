import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configFor, eventually, startGateway, startOrigin } from '../helpers/gateway.ts'

const body = 'x'.repeat(20_000)
const headers = { 'content-type': 'text/css', 'cache-control': 'max-age=60', 'content-length': body.length }

/** A server that answers when the test says so, and what has come to it. */
async function heldOrigin(t: TestContext) {
  const held: ServerResponse[] = []
  const origin = await startOrigin(t, (_request, response) => held.push(response))
  return {
    origin,
    held,
    async next(): Promise<ServerResponse> {
      await eventually(() => assert.ok(held.length > 0))
      return held.shift() as ServerResponse
    },
  }
}

test('10 000 requests at once for one cold URL make one request to the server, and all answers are whole', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, headers)
    response.write(body.slice(0, 10_000))
    // The rest comes when the whole crowd has asked.
    void asked.then(() => response.end(body.slice(10_000)))
  })
  // Nobody is turned away because client and gateway share a small machine.
  const routes = [{ path: '/', upstream: 'app', priority: 'critical' as const }]
  const gateway = await startGateway(t, configFor([origin], { routes, logging: { access: false } }))
  const crowd = fork(join(import.meta.dirname, '../helpers/crowd.ts'), [
    `${gateway.port}`,
    '/app.css',
    '10000',
  ])
  t.after(() => crowd.kill())
  const asked = once(crowd, 'message')
  await asked

  const [outcomes] = await once(crowd, 'message')

  assert.deepEqual(outcomes, { '200, whole, 1 id': 10_000 })
  assert.equal(origin.requests.length, 1)
  assert.equal(gateway.app.httpCache.current.fills, 0)
})

test('a server that breaks its answer off fails all who wait for it, and leaves nothing behind', async (t) => {
  const { origin, next } = await heldOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const waiting = Array.from({ length: 20 }, async () => (await fetch(`${gateway.url}/app.css`)).text())
  const results = Promise.allSettled(waiting)
  const broken = await next()
  broken.writeHead(200, headers)
  broken.write(body.slice(0, 10_000))
  await eventually(() => assert.equal(gateway.app.httpCache.current.stats.collapsed, 19))
  broken.destroy()

  assert.ok((await results).every(({ status }) => status === 'rejected'))
  assert.equal(gateway.app.httpCache.current.entries, 0)
  assert.equal(gateway.app.httpCache.current.fills, 0)
  const again = fetch(`${gateway.url}/app.css`)
  ;(await next()).writeHead(200, headers).end(body)
  assert.equal(await (await again).text(), body)
  assert.equal(origin.requests.length, 2)
})

test('a server that dies before it has answered makes all who wait fail at once, with one request and no more', async (t) => {
  const { origin, next } = await heldOrigin(t)
  const gateway = await startGateway(t, configFor([origin], { upstream: { retries: { attempts: 0 } } }))
  let asked = 0
  gateway.app.server.on('request', () => asked++)
  const waiting = Array.from({ length: 20 }, () => fetch(`${gateway.url}/app.css`))
  const response = await next()
  // Who asks only after the failure asks the server again.
  await eventually(() => assert.equal(asked, 20))
  response.destroy()

  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  assert.deepEqual(new Set(statuses), new Set([502]))
  assert.equal(gateway.app.httpCache.current.fills, 0)
})

test('a reader that takes nothing holds up neither the others nor the store', async (t) => {
  const large = Buffer.alloc(4_000_000, 'x')
  const { origin, next } = await heldOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const slow = net.connect(gateway.port, '127.0.0.1')
  t.after(() => slow.destroy())
  slow.pause()
  slow.write('GET /app.css HTTP/1.1\r\nHost: test\r\n\r\n')
  const response = await next()
  const other = fetch(`${gateway.url.replace('127.0.0.1', 'localhost')}/other.css`)
  ;(await next()).writeHead(200, { 'content-type': 'text/css' }).end()
  await other
  response.writeHead(200, { ...headers, 'content-length': large.length })
  response.end(large)

  await eventually(() => assert.equal(gateway.app.httpCache.current.entries, 2))
  const hit = await gateway.app.inject({ url: '/app.css', headers: { host: 'test' } })
  assert.equal(hit.rawPayload.length, large.length)
  assert.equal(origin.requests.length, 2)
})
