import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, startAgent, startGateway, startOrigin } from '../helpers/gateway.ts'

test('health says how each upstream fares', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin]))

  const response = await fetch(`${gateway.url}/healthz`)
  const health = (await response.json()) as Record<string, unknown>

  assert.equal(response.status, 200)
  assert.equal(health.status, 'ok')
  assert.match(String(health.version), /^\d+\.\d+\.\d+/)
  assert.equal(typeof health.uptime, 'number')
  assert.deepEqual(health.upstreams, {
    app: {
      discovery: 'static',
      ageSeconds: 0,
      servers: { total: 1, active: 1, draining: 0, ejected: 0, unhealthy: 0 },
    },
  })
})

test('a gateway is ready once its agent has sent a list, and stays so when the agent is gone', async (t) => {
  const origin = await startOrigin(t)
  const agent = await startAgent(t, [origin])
  const config = (url: string) => ({
    upstreams: { app: { discovery: { kind: 'agent' as const, url, port: 80 } } },
    routes: [{ path: '/', upstream: 'app' }],
  })
  const without = await startGateway(t, config('ws://127.0.0.1:9/ws'))
  const gateway = await startGateway(t, config(agent.url))

  const unready = await fetch(`${without.url}/readyz`)
  assert.equal(unready.status, 503)
  assert.deepEqual(((await unready.json()) as { missing: string[] }).missing, ['app'])
  const refused = await fetch(without.url)
  assert.equal(refused.status, 503)
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)

  await eventually(async () => assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200))
  await agent.app.close()
  await eventually(async () => {
    const health = (await (await fetch(`${gateway.url}/healthz`)).json()) as {
      upstreams: { app: { discovery: string } }
    }
    assert.equal(health.upstreams.app.discovery, 'lost')
  })
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200)
  assert.equal((await fetch(gateway.url)).status, 200)
})
