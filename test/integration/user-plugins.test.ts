import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import { configFor, echo, metric, startGateway, startOrigin } from '../helpers/gateway.ts'

const page = 'a line that can be compressed, again and again\n'.repeat(200)

/** `/app.css` may be stored, `/page` may not. */
function site(request: IncomingMessage, response: ServerResponse): void {
  const isAsset = request.url === '/app.css'
  response.setHeader('content-type', isAsset ? 'text/css' : 'text/html')
  response.setHeader('cache-control', isAsset ? 'max-age=60' : 'no-store')
  response.end(page)
}

/** Asks twice for the asset, so that the second answer is the cache's. */
async function assetFromCache(url: string, init: RequestInit = {}): Promise<Response> {
  await (await fetch(`${url}/app.css`, init)).arrayBuffer()
  const response = await fetch(`${url}/app.css`, init)
  return response
}

test('@fastify/rate-limit, registered after the gateway was created, counts forwarded requests and cache hits', async (t) => {
  const origin = await startOrigin(t, site)
  const gateway = await startGateway(t, configFor([origin]), (app) => app.register(rateLimit, { max: 3 }))

  const first = await fetch(`${gateway.url}/page`)
  const hit = await assetFromCache(gateway.url)
  const refused = await fetch(`${gateway.url}/app.css`)

  assert.equal(first.headers.get('x-ratelimit-remaining'), '2')
  assert.match(hit.headers.get('cache-status') ?? '', /^headgate; hit/)
  assert.equal(hit.headers.get('x-ratelimit-remaining'), '0')
  assert.equal(refused.status, 429)
  assert.equal(origin.requests.length, 2)
  assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200, 'health is not limited')
})

test('@fastify/cors answers preflights itself, and its fields stand on forwarded answers and cache hits', async (t) => {
  const origin = await startOrigin(t, site)
  const gateway = await startGateway(t, configFor([origin]), (app) => app.register(cors, { origin: true }))
  const headers = { origin: 'https://shop.example' }

  const preflight = await fetch(`${gateway.url}/page`, {
    method: 'OPTIONS',
    headers: { ...headers, 'access-control-request-method': 'GET' },
  })
  const forwarded = await fetch(`${gateway.url}/page`, { headers })
  const hit = await assetFromCache(gateway.url, { headers })

  assert.equal(preflight.status, 204)
  for (const response of [forwarded, hit]) {
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://shop.example')
    assert.equal(response.headers.get('vary'), 'Origin')
  }
  assert.match(hit.headers.get('cache-status') ?? '', /^headgate; hit/)
  assert.equal(origin.requests.length, 2, 'the preflight did not reach the server')
})

test('what a plugin takes for itself and does not answer is forwarded', async (t) => {
  const origin = await startOrigin(t, site)
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.register(cors, { origin: true, preflight: false }),
  )

  const options = await fetch(`${gateway.url}/page`, { method: 'OPTIONS' })

  assert.equal(options.status, 200)
  assert.equal(origin.requests[0]?.method, 'OPTIONS')
})

test('@fastify/jwt keeps strangers from forwarded answers and from what is stored for others', async (t) => {
  const origin = await startOrigin(t, site)
  const gateway = await startGateway(t, configFor([origin]), async (app) => {
    await app.register(jwt, { secret: 'a secret of the test, and long enough' })
    app.addHook('onRequest', async (request) => {
      if (request.url.startsWith('/healthz') || request.headers['x-warm'] === 'yes') return
      await request.jwtVerify()
    })
  })
  const token = gateway.app.jwt.sign({ name: 'somebody' })

  await assetFromCache(gateway.url, { headers: { 'x-warm': 'yes' } })
  const stranger = await fetch(`${gateway.url}/app.css`)
  const known = await fetch(`${gateway.url}/page`, { headers: { authorization: `Bearer ${token}` } })

  assert.equal(stranger.status, 401, 'a hook that refuses comes before the cache')
  assert.equal(known.status, 200)
  assert.equal(await known.text(), page)
})

test('@fastify/compress compresses forwarded answers and cache hits once, and Vary says so', async (t) => {
  const origin = await startOrigin(t, site)
  const gateway = await startGateway(t, configFor([origin]), (app) =>
    app.register(compress, { global: true }),
  )
  const headers = { 'accept-encoding': 'gzip' }

  for (const path of ['/page', '/app.css', '/app.css']) {
    const response = await gateway.app.inject({ url: path, headers: { ...headers, host: 'test' } })
    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['content-encoding'], 'gzip')
    assert.match(String(response.headers.vary), /accept-encoding/i)
    assert.equal(gunzipSync(response.rawPayload).toString(), page)
  }
  const plain = await gateway.app.inject({
    url: '/app.css',
    headers: { host: 'test', 'accept-encoding': 'identity' },
  })
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.payload, page)
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="hit"}'), 2)
})

test("@fastify/helmet's fields stand on forwarded answers and cache hits, where the server has none of its own", async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/own') response.setHeader('x-frame-options', 'DENY')
    site(request, response)
  })
  const gateway = await startGateway(t, configFor([origin]), (app) => app.register(helmet))

  const forwarded = await fetch(`${gateway.url}/page`)
  const hit = await assetFromCache(gateway.url)
  const own = await fetch(`${gateway.url}/own`)

  for (const response of [forwarded, hit]) assert.equal(response.headers.get('x-frame-options'), 'SAMEORIGIN')
  assert.equal(own.headers.get('x-frame-options'), 'DENY')
})

test('a hook adds fields to what the server gets, and a route of the user goes before the routes', async (t) => {
  const origin = await startOrigin(t, echo)
  const gateway = await startGateway(t, configFor([origin]), (app) => {
    app.addHook('onRequest', async (request) => {
      request.upstreamHeaders = { 'x-user': 'somebody', cookie: '' }
    })
    app.post('/login', async (request) => ({ hello: (request.body as { name: string }).name }))
  })

  const seen = await (await fetch(`${gateway.url}/x`, { headers: { 'x-user': 'me', cookie: 'a=1' } })).json()
  const login = await fetch(`${gateway.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'you' }),
  })

  assert.equal((seen as { headers: Record<string, string> }).headers['x-user'], 'somebody')
  assert.equal((seen as { headers: Record<string, string> }).headers.cookie, undefined)
  assert.deepEqual(await login.json(), { hello: 'you' })
})

test('plugins of the configuration are registered in order, packages and files alike', async (t) => {
  const origin = await startOrigin(t, site)
  const plugins = [
    { module: '@fastify/cors', options: { origin: true } },
    { module: './plugins/stamp.ts', options: { stamp: 'yes' } },
  ]
  const gateway = await startGateway(t, configFor([origin], { plugins }))

  const response = await fetch(`${gateway.url}/page`, { headers: { origin: 'https://shop.example' } })

  assert.equal(response.headers.get('access-control-allow-origin'), 'https://shop.example')
  assert.equal(response.headers.get('x-stamp'), 'yes')
})

for (const guard of ['./plugins/guard.ts', './plugins/shared-guard.ts']) {
  test(`${guard} guards what is forwarded, and below a prefix that alone`, async (t) => {
    const origin = await startOrigin(t, site)
    const everywhere = await startGateway(t, configFor([origin], { plugins: [{ module: guard }] }))
    const plugins = [
      { module: guard, prefix: '/private' },
      { module: './plugins/stamp.ts', options: { stamp: 'deep' }, prefix: '/private/deep' },
    ]
    const confined = await startGateway(t, configFor([origin], { plugins }))
    const ask = (gateway: { url: string }, path: string, headers: Record<string, string> = {}) =>
      fetch(`${gateway.url}${path}`, { headers })
    const known = { authorization: 'yes' }

    assert.equal((await ask(everywhere, '/page')).status, 401)
    assert.equal((await ask(everywhere, '/page', known)).status, 200)
    for (const path of ['/private', '/private/', '/private/page', '/%70rivate/page', '/private/app.css']) {
      assert.equal((await ask(confined, path)).status, 401, path)
      assert.equal((await ask(confined, path, known)).status, 200, path)
    }
    for (const path of ['/', '/public', '/privateer', '/healthz']) {
      assert.equal((await ask(confined, path)).status, 200, path)
    }
    assert.equal(
      (await ask(confined, '/private/deep/page')).status,
      401,
      'a prefix stands within the one above',
    )
    assert.equal((await ask(confined, '/private/deep/page', known)).headers.get('x-stamp'), 'deep')
    assert.equal((await ask(confined, '/private/page', known)).headers.get('x-stamp'), null)
    const posted = await fetch(`${confined.url}/private/page`, {
      method: 'POST',
      headers: known,
      body: 'text',
    })
    assert.equal(posted.status, 200)
  })
}

for (const [module, what] of [
  ['@fastify/not-installed', /it is not there.*Install the package/],
  ['./plugins/missing.ts', /it is not there/],
  ['./plugins/broken.ts', /an error while it was loaded: broken on purpose/],
  ['./plugins/no-function.ts', /its default export is not a function/],
  ['./plugins/refusing.ts', /it failed while it was registered: no thanks/],
] as const) {
  test(`the plugin ${module}, which cannot be used, is named with the reason`, async (t) => {
    const origin = await startOrigin(t)
    await assert.rejects(startGateway(t, configFor([origin], { plugins: [{ module }] })), {
      code: 'HEADGATE_PLUGIN_FAILED',
      message: what,
    })
  })
}
