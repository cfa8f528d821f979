import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { configFor, eventually, metric, startGateway, startOrigin } from '../helpers/gateway.ts'

/** Answers with a number that counts the server's answers, so that a stored one can be told from a new one. */
function counting(headers: Record<string, string> = {}) {
  let count = 0
  return (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/css', ...headers })
    response.end(request.method === 'HEAD' ? undefined : `answer ${++count}`)
  }
}

test('the second request for an asset is a hit, with Age and Cache-Status', async (t) => {
  const origin = await startOrigin(t, counting({ 'cache-control': 'max-age=60', 'content-length': '8' }))
  const gateway = await startGateway(t, configFor([origin]))

  const miss = await fetch(`${gateway.url}/app.css`)
  const hit = await fetch(`${gateway.url}/app.css`)

  assert.equal(await miss.text(), 'answer 1')
  assert.match(miss.headers.get('cache-status') ?? '', /^headgate; fwd=uri-miss;.* stored/)
  assert.equal(await hit.text(), 'answer 1')
  assert.match(hit.headers.get('cache-status') ?? '', /^headgate; hit; ttl=\d+$/)
  assert.equal(hit.headers.get('age'), '0')
  assert.notEqual(hit.headers.get('x-request-id'), miss.headers.get('x-request-id'))
  assert.equal(origin.requests.length, 1)
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="hit"}'), 1)
  assert.equal(await metric(gateway, 'headgate_cache_entries'), 1)
})

for (const [what, path, headers] of [
  ['no-store', '/app.css', { 'cache-control': 'no-store' }],
  ['private', '/app.css', { 'cache-control': 'private, max-age=60' }],
  ['Set-Cookie', '/app.css', { 'set-cookie': 'a=1' }],
  ['Vary: *', '/app.css', { vary: '*' }],
  ['a page under the name of an asset', '/account/x.css', { 'content-type': 'text/html' }],
  ['no extension of an asset', '/app', {}],
] as const) {
  test(`static mode does not store: ${what}`, async (t) => {
    const origin = await startOrigin(t, counting(headers))
    const gateway = await startGateway(t, configFor([origin]))

    await (await fetch(gateway.url + path)).text()
    assert.equal(await (await fetch(gateway.url + path)).text(), 'answer 2')
  })
}

test('an answer to a request with Authorization is not stored', async (t) => {
  const origin = await startOrigin(t, counting({ 'cache-control': 'max-age=60' }))
  const gateway = await startGateway(t, configFor([origin]))
  const headers = { authorization: 'Basic YTpi' }

  await (await fetch(`${gateway.url}/app.css`, { headers })).text()
  assert.equal(await (await fetch(`${gateway.url}/app.css`)).text(), 'answer 2')
})

test('a cache that is off, for a route or as a whole, stores nothing', async (t) => {
  const origin = await startOrigin(t, counting({ 'cache-control': 'max-age=60' }))
  const routes = [
    { path: '/', upstream: 'app' },
    { path: '/live', upstream: 'app', cache: 'off' as const },
  ]
  const gateway = await startGateway(t, configFor([origin], { routes }))

  await (await fetch(`${gateway.url}/live/app.css`)).text()
  const second = await fetch(`${gateway.url}/live/app.css`)

  assert.equal(await second.text(), 'answer 2')
  assert.equal(second.headers.get('cache-status'), null)
})

test('mode all stores what RFC 9111 lets it store, whatever its name', async (t) => {
  const origin = await startOrigin(
    t,
    counting({ 'cache-control': 'max-age=60', 'content-type': 'application/json' }),
  )
  const gateway = await startGateway(t, configFor([origin], { cache: { mode: 'all' } }))

  await (await fetch(`${gateway.url}/api/things`)).text()
  assert.equal(await (await fetch(`${gateway.url}/api/things`)).text(), 'answer 1')
})

test('a condition, a range and HEAD are answered from the stored answer', async (t) => {
  const origin = await startOrigin(t, counting({ 'cache-control': 'max-age=60', etag: '"v1"' }))
  const gateway = await startGateway(t, configFor([origin]))
  // Not by fetch: it adds Cache-Control: no-cache to a request with a condition of its own.
  const ask = (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    gateway.app.inject({ method, url: '/app.css', headers: { host: 'test', ...headers } })
  await ask()

  const unchanged = await ask({ 'if-none-match': '"v1"' })
  const part = await ask({ range: 'bytes=0-5' })
  const head = await ask({}, 'HEAD')

  assert.equal(unchanged.statusCode, 304)
  assert.equal(part.statusCode, 206)
  assert.equal(part.payload, 'answer')
  assert.equal(head.headers['content-length'], '8')
  assert.equal(origin.requests.length, 1)
})

test('a stale answer is validated with the server, whose 304 makes it fresh again', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.setHeader('etag', '"v1"')
    response.setHeader('content-type', 'text/css')
    response.setHeader(
      'cache-control',
      request.headers['if-none-match'] === '"v1"' ? 'max-age=60' : 'max-age=0',
    )
    if (request.headers['if-none-match'] === '"v1"') response.statusCode = 304
    response.end(response.statusCode === 304 ? undefined : 'the body')
  })
  const gateway = await startGateway(t, configFor([origin]))
  await (await fetch(`${gateway.url}/app.css`)).text()

  const validated = await fetch(`${gateway.url}/app.css`)
  const hit = await fetch(`${gateway.url}/app.css`)

  assert.equal(validated.status, 200)
  assert.equal(await validated.text(), 'the body')
  assert.match(hit.headers.get('cache-status') ?? '', /hit/)
  assert.equal(origin.requests.length, 2)
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="revalidated"}'), 1)
})

test('many requests for one cold asset make one request to the server, and all get it whole', async (t) => {
  const body = 'x'.repeat(300_000)
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' })
    response.write(body.slice(0, 1000))
    setImmediate(() => response.end(body.slice(1000)))
  })
  const gateway = await startGateway(t, configFor([origin]))

  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => (await fetch(`${gateway.url}/app.css`)).text()),
  )

  assert.ok(answers.every((answer) => answer === body))
  assert.equal(origin.requests.length, 1)
})

test('a fill whose first client leaves goes on for those who wait', async (t) => {
  let finish = (): void => {}
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' })
    response.write('first, ')
    finish = () => response.end('second')
  })
  const gateway = await startGateway(t, configFor([origin]))
  const leaving = new AbortController()
  const first = await fetch(`${gateway.url}/app.css`, { signal: leaving.signal })
  const second = await fetch(`${gateway.url}/app.css`)

  leaving.abort()
  await assert.rejects(first.text())
  await eventually(() =>
    assert.ok(gateway.log.some((line) => line.msg === 'request' && line.aborted === true)),
  )
  finish()

  assert.equal(await second.text(), 'first, second')
  assert.equal(origin.requests.length, 1)
})

test('a purge takes what is stored out', async (t) => {
  const origin = await startOrigin(t, counting({ 'cache-control': 'max-age=60' }))
  const gateway = await startGateway(t, configFor([origin]))
  await (await fetch(`${gateway.url}/app.css`)).text()

  assert.equal(await gateway.app.httpCache.current.purger.purgePrefix(gateway.url), 1)

  assert.equal(await (await fetch(`${gateway.url}/app.css`)).text(), 'answer 2')
})

test('only-if-cached without a stored answer is 504', async (t) => {
  const origin = await startOrigin(t, counting())
  const gateway = await startGateway(t, configFor([origin]))

  const response = await fetch(`${gateway.url}/app.css`, { headers: { 'cache-control': 'only-if-cached' } })

  assert.equal(response.status, 504)
  assert.equal(((await response.json()) as { code: string }).code, 'HEADGATE_NOT_CACHED')
  assert.equal(origin.requests.length, 0)
})
