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

test('health tells when the configuration came into force and how the last reload ended, without its values', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))
  const told = async () =>
    ((await (await fetch(`${gateway.url}/healthz`)).json()) as { config: Record<string, unknown> }).config
  const { loadedAt, lastReload } = await told()
  assert.match(String(loadedAt), /^\d{4}-\d\d-\d\dT/)
  assert.equal(lastReload, null)

  const faulty = { ...configFor([origin]), cache: { mode: 'hunter2' } }
  await assert.rejects(gateway.app.headgate.reload(async () => faulty as never))
  const refused = (await told()).lastReload
  assert.partialDeepStrictEqual(refused, {
    result: 'refused',
    code: 'HEADGATE_CONFIG_INVALID',
    faults: [{ path: 'cache.mode', expected: 'one of static | all | off' }],
  })
  assert.doesNotMatch(JSON.stringify(refused), /hunter2/)
  assert.equal((await told()).loadedAt, loadedAt)

  await gateway.app.headgate.reload(configFor([origin], { server: { port: 1, host: '127.0.0.1' } }))
  assert.partialDeepStrictEqual((await told()).lastReload, {
    result: 'applied',
    needsRestart: ['server.port'],
    faults: [],
  })
  const { needsRestart } = await gateway.app.headgate.reload(
    configFor([origin], { server: { port: 0, host: '127.0.0.1' } }),
  )
  assert.deepEqual(needsRestart, [], 'the port that it began with is the one that it has')
})

test('other limits and weights leave a server its record, its connections and what runs on it', async (t) => {
  const held: (() => void)[] = []
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/slow') held.push(() => response.end('slow'))
    else response.end('ok')
  })
  const config = (weight: number, upstream: object) => ({
    upstreams: { app: { servers: [{ url: origin.url, weight }], ...upstream } },
    routes: [{ path: '/', upstream: 'app' }],
  })
  const gateway = await startGateway(t, config(1, { limits: { maxInFlight: 8 } }))
  await (await fetch(gateway.url)).text()
  const slow = fetch(`${gateway.url}/slow`)
  await eventually(() => assert.equal(held.length, 1))
  const [before] = gateway.app.upstreams.get('app')!.servers

  await gateway.app.headgate.reload(
    config(3, {
      limits: { maxInFlight: 1, queue: 0 },
      balance: { algorithm: 'round-robin' },
      retries: { budget: 1 },
      health: { ejection: false },
    }),
  )

  const [server] = gateway.app.upstreams.get('app')!.servers
  assert.equal(server, before)
  assert.equal(server?.limit, 1)
  assert.equal(server?.weight, 3)
  assert.equal(server?.pool.stats.opened, 1)
  const labels = `{upstream="app",server="${origin.name}"}`
  assert.equal(await metric(gateway, `headgate_upstream_in_flight${labels}`), 1)
  assert.equal((await fetch(gateway.url)).status, 503, 'the one slot is taken, by a request of before')
  held[0]?.()
  assert.equal(await (await slow).text(), 'slow')
  assert.equal((await fetch(gateway.url)).status, 200)
  assert.equal(await metric(gateway, `headgate_upstream_connections_opened_total${labels}`), 1)
})

test('other settings of connections give a server others, and let those of before end in peace', async (t) => {
  const held: (() => void)[] = []
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/slow') held.push(() => response.end('slow'))
    else response.end('ok')
  })
  const gateway = await startGateway(t, configFor([origin]))
  const slow = fetch(`${gateway.url}/slow`)
  await eventually(() => assert.equal(held.length, 1))
  const [server] = gateway.app.upstreams.get('app')!.servers
  const pool = server?.pool

  await gateway.app.headgate.reload(configFor([origin], { upstream: { connections: { maxAge: '1s' } } }))
  assert.equal((await fetch(gateway.url)).status, 200)
  held[0]?.()

  assert.equal(await (await slow).text(), 'slow')
  assert.deepEqual([...gateway.app.upstreams.get('app')!.servers], [server])
  assert.notEqual(server?.pool, pool)
  await eventually(() => assert.equal(pool?.stats.active, 0))
  assert.equal(pool?.stats.idle, 0)
})

test('other bounds of the cache leave what is stored, as far as there is room', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' })
    response.end('body')
  })
  const gateway = await startGateway(t, configFor([origin]))
  for (let index = 0; index < 9; index++) await (await fetch(`${gateway.url}/${index}.css`)).text()

  await gateway.app.headgate.reload(configFor([origin], { cache: { maxEntries: 100, defaultTtl: '2h' } }))
  await (await fetch(`${gateway.url}/0.css`)).text()
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="hit"}'), 1)

  await gateway.app.headgate.reload(configFor([origin], { cache: { maxEntries: 4 } }))
  await eventually(async () => assert.equal(await metric(gateway, 'headgate_cache_entries'), 4))
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="hit"}'), 1, 'the counters go on')
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
