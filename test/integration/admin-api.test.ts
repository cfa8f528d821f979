import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { WebSocket } from 'ws'
import type {
  CacheSnapshot,
  GatewaySnapshot,
  ServerSnapshot,
  UpstreamSnapshot,
} from '../../src/view/snapshot.ts'
import { adminToken, startAdmin } from '../helpers/admin.ts'
import { configFor, eventually, startOrigin } from '../helpers/gateway.ts'

const problemType = 'application/problem+json'

test('the API tells of upstreams, servers and cache', async (t) => {
  const origin = await startOrigin(t)
  const { url, gateway } = await startAdmin(t, configFor([origin]))
  await (await fetch(gateway.url)).text()
  const get = async <Body>(path: string) => (await (await fetch(url + path)).json()) as Body

  const snapshot = await get<GatewaySnapshot>('/api/snapshot')
  assert.equal(snapshot.workers, 1)
  assert.deepEqual(Object.keys(snapshot.requests.byStatus), ['1xx', '2xx', '3xx', '4xx', '5xx'])
  const [upstream] = await get<[UpstreamSnapshot]>('/api/upstreams')
  assert.deepEqual([upstream.name, upstream.discovery.state], ['app', 'static'])
  assert.equal((await get<UpstreamSnapshot>('/api/upstreams/app')).servers[0]?.outcomes.success, 1)
  const server = await get<ServerSnapshot>(`/api/upstreams/app/servers/${encodeURIComponent(origin.name)}`)
  assert.equal(server.name, origin.name)
  assert.equal(server.connections.ages.length, 12)
  const { headers } = await fetch(`${url}/api/snapshot`)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal((await get<CacheSnapshot>('/api/cache')).entries, 0)
})

test('a server is drained and undrained, the log level changed, and both are among the events', async (t) => {
  const [one, two] = [await startOrigin(t), await startOrigin(t)]
  const { url, gateway, change } = await startAdmin(t, configFor([one, two]))
  const drain = `/api/upstreams/app/servers/${one.name}/drain`

  assert.deepEqual(await (await change('POST', drain)).json(), { affected: 1 })
  for (let sent = 0; sent < 6; sent++) await (await fetch(gateway.url)).text()
  assert.deepEqual([one.requests.length, two.requests.length], [0, 6])
  assert.equal((await change('DELETE', drain)).status, 200)
  assert.equal((await change('PUT', '/api/log-level', { level: 'debug' })).status, 200)
  assert.equal(gateway.app.log.level, 'debug')

  const events = (await (await fetch(`${url}/api/events`)).json()) as { id: number; kind: string }[]
  const kinds = events.map(({ kind }) => kind)
  assert.deepEqual(
    ['server_drained', 'server_undrained', 'log_level_set'].map((kind) => kinds.includes(kind)),
    [true, true, true],
  )
  const last = events.at(-1)?.id
  assert.deepEqual(await (await fetch(`${url}/api/events?after=${last}`)).json(), [])
})

test('every error is a problem that says what is wrong, and nothing of the inside', async (t) => {
  const origin = await startOrigin(t)
  const { url, change, gateway } = await startAdmin(t, configFor([origin]))
  const asked = async (response: Response, status: number, detail: RegExp) => {
    assert.equal(response.status, status)
    assert.equal(response.headers.get('content-type')?.split(';')[0], problemType)
    const problem = (await response.json()) as Record<string, unknown>
    assert.equal(problem.status, status)
    assert.equal(problem.type, 'about:blank')
    assert.match(String(problem.detail), detail)
    return problem
  }

  await asked(await fetch(`${url}/nothing`), 404, /nothing at GET \/nothing\./)
  await asked(await fetch(`${url}/api/upstreams/none`), 404, /no upstream none/)
  await asked(await fetch(`${url}/api/upstreams/app/servers/a:1`), 404, /no server a:1/)
  await asked(await fetch(`${url}/api/cache/entry?url=http://a/`), 404, /Nothing is stored/)
  await asked(await fetch(`${url}/%`), 400, /%/)
  await asked(await change('POST', '/api/upstreams/app/servers/a:1/drain'), 404, /no server a:1/)
  const wrong = await asked(await change('PUT', '/api/log-level', { level: 'loud' }), 400, /level/)
  assert.deepEqual((wrong.errors as { pointer: string }[])[0]?.pointer, 'body/level')
  await asked(await change('POST', '/api/cache/purge', { url: 'http://a/', tag: 'b' }), 400, /exactly one/)
  await asked(await change('POST', '/api/cache/purge', '{', { 'content-type': 'text/plain' }), 415, /media/i)

  gateway.app.admin.log.level = 'silent'
  t.mock.method(gateway.app.headgate.fleet, 'snapshot', async () => {
    throw new Error('secret')
  })
  const failed = await asked(await fetch(`${url}/api/snapshot`), 500, /failed to answer/)
  assert.doesNotMatch(JSON.stringify(failed), /secret/)
})

test('what is no request gets a problem too', async (t) => {
  const { url } = await startAdmin(t, configFor([await startOrigin(t)]))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end('nonsense\r\n\r\n')
  assert.match(await text(socket), /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/)
})

test('nothing is changed without the token, and one that is wrong too often waits', async (t) => {
  const origin = await startOrigin(t)
  const { url, change, gateway } = await startAdmin(t, configFor([origin]))
  const drain = `/api/upstreams/app/servers/${origin.name}/drain`

  const none = await fetch(url + drain, { method: 'POST' })
  assert.equal(none.status, 401)
  assert.equal(none.headers.get('www-authenticate'), 'Bearer realm="headgate"')
  const wrong = { authorization: `Bearer ${adminToken}x` }
  for (let tries = 0; tries < 10; tries++) {
    assert.equal((await change('POST', drain, undefined, wrong)).status, 401)
  }
  const limited = await change('POST', drain, undefined, wrong)
  assert.equal(limited.status, 429)
  assert.ok(Number(limited.headers.get('retry-after')) > 0)
  assert.equal(
    (await change('POST', drain)).status,
    429,
    'the right one waits as well: else guessing went on',
  )
  assert.equal((await fetch(`${url}/api/snapshot`)).status, 200, 'looking does not')
  assert.equal((await gateway.app.headgate.fleet.snapshot()).upstreams[0]?.servers[0]?.state, 'ready')
})

test('without a token in the configuration nothing can be changed at all', async (t) => {
  const { gateway } = await startAdmin(t, configFor([await startOrigin(t)]), { token: undefined as never })
  const response = await gateway.app.admin.inject({
    method: 'POST',
    url: '/api/cache/purge',
    headers: { authorization: 'Bearer undefined' },
    payload: { prefix: 'http' },
  })
  assert.equal(response.statusCode, 403)
  assert.match(response.json().detail, /admin\.token, nor \$HEADGATE_ADMIN_TOKEN/)
})

test('a page of another site changes nothing and sees nothing, by whatever name it comes', async (t) => {
  const { url, gateway, change } = await startAdmin(t, configFor([await startOrigin(t)]), {
    allowedHosts: ['Gateway.internal'],
  })
  const body = { prefix: 'http' }
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    assert.equal((await change('POST', '/api/cache/purge', body, headers as never)).status, 403)
  }
  assert.equal((await change('POST', '/api/cache/purge', body, { origin: url })).status, 200)

  const as = async (host: string, path = '/api/snapshot') =>
    (await gateway.app.admin.inject({ url: path, headers: { host } })).statusCode
  assert.equal(await as('evil.example:9901'), 421)
  assert.equal(await as('evil.example', '/'), 421)
  assert.equal(await as('gateway.internal:9901'), 200)
  assert.equal(await as('evil.example', '/metrics'), 200, 'machines come by any name')

  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/stream`, { origin: 'http://evil.example' })
  const refused = await new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode as number))
    socket.on('error', () => {})
  })
  assert.equal(refused, 403)
})

test('the live stream shows snapshots and events, and has no more viewers than it may', async (t) => {
  const [one, two] = [await startOrigin(t), await startOrigin(t)]
  const { url, gateway } = await startAdmin(t, configFor([one]))
  const frames: { snapshot: { upstreams: { servers: unknown[] }[] }; events: { kind: string }[] }[] = []
  const open = () => new WebSocket(`${url.replace('http', 'ws')}/api/stream`)
  const viewer = open()
  viewer.on('message', (data) => frames.push(JSON.parse(String(data))))
  await eventually(() => assert.ok(frames.length > 0))

  await gateway.app.headgate.reload(configFor([one, two]))
  await eventually(() => {
    assert.equal(frames.at(-1)?.snapshot.upstreams[0]?.servers.length, 2)
    assert.ok(frames.some(({ events }) => events.some(({ kind }) => kind === 'server_joined')))
  })
  const others = Array.from({ length: 32 }, open)
  const codes: number[] = []
  for (const other of others) other.on('close', (code) => codes.push(code))
  await eventually(() => assert.deepEqual(codes, [1013]))
  viewer.send('hello')
  await new Promise((resolve) => viewer.on('close', resolve))
  for (const other of others) other.terminate()
})

test('the description is OpenAPI 3.1, and no route is missing from it', async (t) => {
  const { url, gateway } = await startAdmin(t, configFor([await startOrigin(t)]))
  const description = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    openapi: string
    paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>
  }
  const { valid, errors } = await new Validator().validate(structuredClone(description) as never)
  assert.equal(valid, true, JSON.stringify(errors))
  assert.equal(description.openapi, '3.1.0')

  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  for (const route of described) {
    const [method, path] = route.split(' ') as [never, string]
    assert.ok(gateway.app.admin.hasRoute({ method, url: path }), route)
  }
  const listed = routesOf(gateway.app.admin.printRoutes({ commonPrefix: false }))
  const missing = listed.filter(
    (route) =>
      !described.includes(route) &&
      route.includes(' /api/') &&
      !route.startsWith('HEAD') &&
      !/stream/.test(route),
  )
  assert.deepEqual(missing, [])
  for (const methods of Object.values(description.paths)) {
    for (const [method, { security, responses }] of Object.entries(methods)) {
      if (method === 'get') continue
      assert.deepEqual(security, [{ token: [] }])
      assert.ok(responses['401'])
    }
  }
})

/** `METHOD /path` of every line of Fastify's tree of routes. */
function routesOf(tree: string): string[] {
  const parents: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? []
    if (segment === undefined) return []
    const depth = (indent as string).length / 4
    parents.length = depth
    parents[depth] = segment
    const path = parents.join('')
    return (methods ?? '')
      .split(', ')
      .filter((method) => method !== '')
      .map((method) => `${method} ${path}`)
  })
}
