import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, type StartedGateway, startGateway, startOrigin } from '../helpers/gateway.ts'

/** The access lines so far, once there are as many. */
async function lines(gateway: StartedGateway, count: number) {
  const found = () => gateway.log.filter(({ msg }) => msg === 'request')
  await eventually(() => assert.equal(found().length, count))
  return found()
}

test('each request has a line with its server, attempts, wait, cache result and the age of its connection', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' })
    response.end('body')
  })
  const gateway = await startGateway(t, configFor([origin]))

  await (await fetch(`${gateway.url}/app.css?v=1`)).text()
  const hit = await fetch(`${gateway.url}/app.css?v=1`)
  await hit.text()
  const [first, second] = await lines(gateway, 2)

  const { durationMs, waitMs, socketAgeMs, requestId, ...rest } = first as Record<string, unknown>
  for (const number of [durationMs, waitMs, socketAgeMs]) assert.equal(typeof number, 'number')
  assert.match(String(requestId), /./)
  assert.partialDeepStrictEqual(rest, {
    client: '127.0.0.1',
    method: 'GET',
    host: new URL(gateway.url).host,
    url: '/app.css?v=1',
    status: 200,
    route: '/',
    upstream: 'app',
    server: origin.name,
    attempts: 1,
    cache: 'miss',
  })
  assert.equal(second?.cache, 'hit')
  assert.equal(second?.server, undefined)
  assert.equal(second?.requestId, hit.headers.get('x-request-id'))
})

test('an error has its code and its cause in the line, and the cause there alone', async (t) => {
  const origin = await startOrigin(t)
  origin.server.close()
  const gateway = await startGateway(t, configFor([origin], { upstream: { retries: { attempts: 0 } } }))

  const body = await (await fetch(gateway.url)).text()
  const [line] = await lines(gateway, 1)

  assert.equal(line?.error, 'HEADGATE_CONNECT_REFUSED')
  assert.match(String(line?.cause), /ECONNREFUSED/)
  assert.doesNotMatch(body, /ECONNREFUSED|127\.0\.0\.1/)
})

test('the client is who a trusted proxy says it is, and nobody else', async (t) => {
  const origin = await startOrigin(t)
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  for (const [trustProxy, client] of [
    [['127.0.0.1'], '203.0.113.9'],
    [false, '127.0.0.1'],
  ] as const) {
    const server = { trustProxy: typeof trustProxy === 'boolean' ? trustProxy : [...trustProxy] }
    const gateway = await startGateway(t, configFor([origin], { server }))
    await (await fetch(gateway.url, { headers })).text()
    const [line] = await lines(gateway, 1)
    assert.equal(line?.client, client)
  }
})

test('a sample is a share of the lines, and errors always have one; secrets of a query have none', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.statusCode = request.url?.startsWith('/bad') ? 500 : 200
    response.end()
  })
  const gateway = await startGateway(t, configFor([origin], { logging: { sample: 0 } }))
  for (let count = 0; count < 5; count++) await (await fetch(gateway.url)).text()
  await (await fetch(`${gateway.url}/bad?token=abc`)).text()
  const [line] = await lines(gateway, 1)
  assert.equal(line?.url, '/bad?token=[hidden]')

  await gateway.app.headgate.reload(configFor([origin], { logging: { sample: 0.5 } }))
  for (let count = 0; count < 60; count++) await (await fetch(gateway.url)).text()
  const written = gateway.log.filter(({ msg }) => msg === 'request').length - 1
  // Fewer than 5 or more than 55 of 60 come once in 10^11.
  assert.ok(written > 4 && written < 56, String(written))
})

test('without access lines requests are counted all the same', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin], { logging: { access: false } }))

  await (await fetch(gateway.url)).text()
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text()

  assert.match(metrics, /headgate_requests_total\{route="\/",method="GET",status="200"\} 1/)
  assert.equal(gateway.log.filter(({ msg }) => msg === 'request').length, 0)
})
