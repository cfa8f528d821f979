import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, metric, startAgent, startGateway, startOrigin } from '../helpers/gateway.ts'

test('requests follow the weights: weighted-random within 5 points over 2 000 requests', async (t) => {
  const origins = await Promise.all([startOrigin(t), startOrigin(t), startOrigin(t)])
  const weights = [50, 30, 20]
  const gateway = await startGateway(t, {
    upstreams: {
      app: {
        servers: origins.map(({ url }, index) => ({ url, weight: weights[index] as number })),
        balance: { algorithm: 'weighted-random' },
      },
    },
    routes: [{ path: '/', upstream: 'app' }],
    logging: { level: 'warn' },
  })

  for (let sent = 0; sent < 2000; sent += 20) {
    await Promise.all(Array.from({ length: 20 }, async () => (await fetch(gateway.url)).arrayBuffer()))
  }

  for (const [index, { requests }] of origins.entries()) {
    const share = requests.length / 20
    assert.ok(Math.abs(share - (weights[index] as number)) < 5, `${share} % instead of ${weights[index]} %`)
  }
})

test('a split over upstreams is exact', async (t) => {
  const [app, canary] = await Promise.all([startOrigin(t), startOrigin(t)])
  const gateway = await startGateway(t, {
    upstreams: { app: { servers: [{ url: app.url }] }, canary: { servers: [{ url: canary.url }] } },
    routes: [
      {
        path: '/',
        upstream: [
          { name: 'app', weight: 95 },
          { name: 'canary', weight: 5 },
        ],
      },
    ],
    logging: { level: 'warn' },
  })

  for (let sent = 0; sent < 200; sent++) await (await fetch(gateway.url)).arrayBuffer()

  assert.equal(app.requests.length, 190)
  assert.equal(canary.requests.length, 10)
})

test('a server that goes SUNDOWN gets no new request, ends what it has, and is back when it is named again', async (t) => {
  let finish = (): void => {}
  const leaving = await startOrigin(t, (request, response) => {
    if (request.url !== '/slow') return response.end('leaving')
    finish = () => response.end('slow')
    return undefined
  })
  const staying = await startOrigin(t, (_request, response) => response.end('staying'))
  const agent = await startAgent(t, [leaving, staying])
  const [first, second] = agent.app.agent.servers as [
    (typeof agent.app.agent.servers)[0],
    (typeof agent.app.agent.servers)[0],
  ]
  const gateway = await startGateway(t, {
    upstreams: { app: { discovery: { kind: 'agent', url: agent.url, port: 80 } } },
    routes: [{ path: '/', upstream: 'app' }],
  })
  agent.app.agent.setServers([first])
  await eventually(async () => assert.equal(await metric(gateway, inFlightOf(leaving.name)), 0))
  await eventually(async () => assert.equal((await fetch(gateway.url)).status, 200))
  const slow = fetch(`${gateway.url}/slow`)
  await eventually(() => assert.equal(leaving.requests.at(-1)?.url, '/slow'))

  agent.app.agent.setServers([{ ...first, utilization_category: 'SUNDOWN' }, second])
  await eventually(async () => assert.equal(await (await fetch(gateway.url)).text(), 'staying'))
  const before = leaving.requests.length
  for (let sent = 0; sent < 20; sent++) assert.equal(await (await fetch(gateway.url)).text(), 'staying')
  assert.equal(leaving.requests.length, before)
  assert.equal(await metric(gateway, inFlightOf(leaving.name)), 1)
  finish()
  assert.equal(await (await slow).text(), 'slow')

  agent.app.agent.setServers([first])
  await eventually(async () => assert.equal(await (await fetch(gateway.url)).text(), 'leaving'))
})

function inFlightOf(server: string): string {
  return `headgate_upstream_in_flight{upstream="app",server="${server}"}`
}

test('a request finds another server when the one that was chosen refuses the connection', async (t) => {
  const gone = await startOrigin(t)
  const alive = await startOrigin(t)
  gone.server.close()
  const gateway = await startGateway(
    t,
    configFor([gone, alive], { upstream: { retries: { budget: 1 } }, logging: { level: 'warn' } }),
  )

  for (let sent = 0; sent < 50; sent++)
    assert.equal((await fetch(gateway.url, { method: 'POST' })).status, 200)

  assert.equal(alive.requests.length, 50)
  assert.ok((await metric(gateway, 'headgate_retries_total{upstream="app",outcome="success"}')) > 0)
})

test('a full upstream refuses early, with Retry-After, and takes requests again afterwards', async (t) => {
  const waiting: (() => void)[] = []
  const origin = await startOrigin(t, (_request, response) => void waiting.push(() => response.end('ok')))
  const gateway = await startGateway(
    t,
    configFor([origin], { upstream: { limits: { maxInFlight: 2, queue: 1, queueTimeout: '10s' } } }),
  )

  const asked = Array.from({ length: 5 }, () => fetch(gateway.url))
  const refused = (await Promise.race(asked.map((one) => one.then((response) => response)))) as Response
  assert.equal(refused.status, 503)
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  assert.equal(((await refused.json()) as { code: string }).code, 'HEADGATE_QUEUE_FULL')
  await eventually(async () => assert.equal(await metric(gateway, 'headgate_queue_depth{upstream="app"}'), 1))
  while (waiting.length > 0 || origin.requests.length < 3) {
    waiting.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  waiting.shift()?.()

  const statuses = (await Promise.all(asked)).map(({ status }) => status).sort()
  assert.deepEqual(statuses, [200, 200, 200, 503, 503])
  assert.equal(await metric(gateway, 'headgate_shed_total{upstream="app",reason="queue_full"}'), 2)
  assert.equal(await metric(gateway, inFlightOf(origin.name)), 0)
})
