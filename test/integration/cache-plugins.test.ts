import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import { configFor, startGateway, startOrigin } from '../helpers/gateway.ts'

const page = 'a line that can be compressed, again and again\n'.repeat(200)

test('a stored answer that is compressed on its way keeps conditions, ranges and tags right', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60', etag: '"v1"' })
    response.end(page)
  })
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.register(compress, { global: true }),
  )
  const ask = (headers: Record<string, string> = {}) =>
    gateway.app.inject({ url: '/app.css', headers: { host: 'test', 'accept-encoding': 'gzip', ...headers } })

  const [first, hit] = [await ask(), await ask()]
  const plain = await ask({ 'accept-encoding': 'identity' })
  const part = await ask({ range: 'bytes=0-5' })
  const unchanged = await ask({ 'if-none-match': 'W/"v1"' })
  const joined = await ask({ range: 'bytes=0-5', 'if-range': String(hit.headers.etag) })

  for (const response of [first, hit, joined]) {
    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['content-encoding'], 'gzip')
    assert.equal(response.headers.etag, 'W/"v1"')
    assert.equal(gunzipSync(response.rawPayload).toString(), page)
  }
  assert.equal(plain.headers.etag, '"v1"')
  assert.equal(plain.payload, page)
  assert.equal(part.statusCode, 206)
  assert.equal(part.headers['content-encoding'], undefined)
  assert.equal(part.payload, page.slice(0, 6))
  assert.equal(unchanged.statusCode, 304)
  assert.equal(unchanged.payload, '')
  assert.equal(origin.requests.length, 1)
})

test('what the server has compressed is stored so, and not compressed again', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    const isZipped = String(request.headers['accept-encoding']).includes('br')
    response.writeHead(200, {
      'content-type': 'text/css',
      'cache-control': 'max-age=60',
      vary: 'Accept-Encoding',
      etag: '"br"',
      ...(isZipped && { 'content-encoding': 'br' }),
    })
    response.end(isZipped ? 'as if it were brotli' : page)
  })
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.register(compress, { global: true }),
  )
  const ask = (coding: string) =>
    gateway.app.inject({ url: '/app.css', headers: { host: 'test', 'accept-encoding': coding } })

  for (let index = 0; index < 2; index++) {
    const zipped = await ask('br')
    assert.equal(zipped.headers['content-encoding'], 'br')
    assert.equal(zipped.headers.etag, '"br"')
    assert.equal(zipped.payload, 'as if it were brotli')
    const other = await ask('gzip')
    assert.equal(other.headers['content-encoding'], 'gzip')
    assert.equal(gunzipSync(other.rawPayload).toString(), page)
  }
  assert.equal(origin.requests.length, 2)
})

test('what varies by a field that a plugin sets is stored under what the server got', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60', vary: 'x-tenant' })
    response.end(`for ${request.headers['x-tenant']}`)
  })
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.addHook('onRequest', async (request) => {
      request.upstreamHeaders = { 'x-tenant': String(request.headers['x-key']).slice(0, 1) }
    }),
  )
  const ask = (key: string) =>
    gateway.app.inject({ url: '/app.css', headers: { host: 'test', 'x-key': key, 'x-tenant': 'forged' } })

  for (const key of ['a1', 'b1', 'a2', 'b2']) assert.equal((await ask(key)).payload, `for ${key[0]}`)
  assert.equal(origin.requests.length, 2)
})

test('a plugin that authorizes to the server keeps the answer from being stored for all', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' }).end('somebody')
  })
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.addHook('onRequest', async (request) => {
      request.upstreamHeaders = { authorization: 'Bearer of-one-person' }
    }),
  )
  for (let index = 0; index < 2; index++) await (await fetch(`${gateway.url}/app.css`)).text()
  assert.equal(origin.requests.length, 2)
})
