import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, metric, startAgent, startGateway, startOrigin } from '../helpers/gateway.ts'

test('a reload changes routes, upstreams, cache and log level, and names what needs a restart', async (t) => {
  const one = await startOrigin(t, (_request, response) => response.end('one'))
  const two = await startOrigin(t, (_request, response) => response.end('two'))
  const gateway = await startGateway(t, configFor([one]))
  assert.equal(await (await fetch(gateway.url)).text(), 'one')

  const { needsRestart } = await gateway.app.headgate.reload({
    server: { host: '127.0.0.1', port: 1, bodyLimit: 3 },
    upstreams: { app: { servers: [{ url: one.url }] }, other: { servers: [{ url: two.url }] } },
    routes: [
      { path: '/', upstream: 'app' },
      { path: '/two', upstream: 'other' },
    ],
    cache: { mode: 'all', maxEntries: 7 },
    logging: { level: 'warn' },
  })

  assert.deepEqual(needsRestart, ['server.port'])
  assert.equal(await (await fetch(gateway.url)).text(), 'one')
  assert.equal(await (await fetch(`${gateway.url}/two`)).text(), 'two')
  assert.equal((await fetch(gateway.url, { method: 'POST', body: '1234' })).status, 413)
  assert.equal(gateway.app.log.level, 'warn')
  assert.equal(gateway.app.headgate.config.cache.maxEntries, 7)
})

test('a reload that does not touch an upstream keeps its connections and counters', async (t) => {
  const origin = await startOrigin(t)
  const config = configFor([origin])
  const gateway = await startGateway(t, config)
  await (await fetch(gateway.url)).text()

  await gateway.app.headgate.reload({ ...config, routes: [{ path: '/', upstream: 'app', timeout: '5s' }] })
  await (await fetch(gateway.url)).text()

  const opened = `headgate_upstream_connections_opened_total{upstream="app",server="${origin.name}"}`
  assert.equal(await metric(gateway, opened), 1)
})

test('a configuration with faults changes nothing', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const before = gateway.app.headgate.config

  await assert.rejects(gateway.app.headgate.reload({ upstreams: {}, routes: [] }), {
    code: 'HEADGATE_CONFIG_INVALID',
  })

  assert.equal(gateway.app.headgate.config, before)
  assert.equal((await fetch(gateway.url)).status, 200)
})

test('a certificate that cannot be read changes nothing', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const before = gateway.app.headgate.config

  await assert.rejects(
    gateway.app.headgate.reload(
      configFor([origin], { upstream: { tls: { ca: './no-such-file.pem' } }, cache: { mode: 'off' } }),
    ),
    { code: 'ENOENT' },
  )

  assert.equal(gateway.app.headgate.config, before)
  assert.equal((await fetch(gateway.url)).status, 200)
})

test('a request under way on an upstream that a reload replaces ends in peace', async (t) => {
  let finish = (): void => {}
  const origin = await startOrigin(t, (request, response) => {
    if (request.url !== '/slow') return response.end('quick')
    response.write('begun, ')
    finish = () => response.end('ended')
    return undefined
  })
  const gateway = await startGateway(t, configFor([origin]))
  const slow = await fetch(`${gateway.url}/slow`)

  await gateway.app.headgate.reload(configFor([origin], { upstream: { limits: { queue: 3 } } }))
  assert.equal(await (await fetch(gateway.url)).text(), 'quick')
  const inFlight = `headgate_upstream_in_flight{upstream="app",server="${origin.name}"}`
  assert.equal(await metric(gateway, inFlight), 1, 'the metrics say what still holds')
  finish()

  assert.equal(await slow.text(), 'begun, ended')
  await eventually(async () => assert.equal(await metric(gateway, inFlight), 0))
})

test('the servers of an agent stay when the settings of its upstream change', async (t) => {
  const origin = await startOrigin(t)
  const agent = await startAgent(t, [origin])
  const config = {
    upstreams: { app: { discovery: { kind: 'agent' as const, url: agent.url, port: 80 } } },
    routes: [{ path: '/', upstream: 'app' }],
  }
  const gateway = await startGateway(t, config)
  await eventually(async () => assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200))

  await gateway.app.headgate.reload({
    ...config,
    upstreams: { app: { ...config.upstreams.app, limits: { maxInFlight: 5 } } },
  })

  assert.equal((await fetch(gateway.url)).status, 200, 'at once, before the agent has said anything more')
})
