import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, metric, startGateway, startOrigin } from '../helpers/gateway.ts'

test('each birth and death of a connection is a debug line, and counts by its age and its requests', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(
    t,
    configFor([origin], {
      upstream: { connections: { maxRequests: 2, jitter: 0 } },
      logging: { level: 'debug', access: false },
    }),
  )
  for (let i = 0; i < 4; i++) assert.equal((await fetch(gateway.url)).status, 200)
  const lines = (event: string) => gateway.log.filter((line) => line.event === event)
  await eventually(() => assert.equal(lines('connection_closed').length, 2))
  for (const [index, line] of lines('connection_opened').entries()) {
    const { upstream, server, connection, dialMs, resumed, level } = line
    assert.deepEqual([upstream, server], ['app', origin.name])
    assert.deepEqual([connection, resumed, level], [index + 1, false, 20])
    assert.ok((dialMs as number) >= 0)
  }
  const closed = lines('connection_closed')[0]!
  assert.deepEqual([closed.upstream, closed.server], ['app', origin.name])
  assert.deepEqual([closed.connection, closed.reason, closed.requests], [1, 'max_requests', 2])
  assert.ok((closed.ageMs as number) > 0)

  const labels = `upstream="app",server="${origin.name}"`
  const histogram = 'headgate_upstream_connection'
  assert.equal(await metric(gateway, `${histogram}_requests_bucket{le="1",${labels}}`), 0)
  assert.equal(await metric(gateway, `${histogram}_requests_bucket{le="10",${labels}}`), 2)
  assert.equal(await metric(gateway, `${histogram}_requests_sum{${labels}}`), 4)
  assert.equal(await metric(gateway, `${histogram}_age_seconds_count{${labels}}`), 2)
})

test('tells what share of the requests goes to servers that have just joined', async (t) => {
  const [old, young] = [await startOrigin(t), await startOrigin(t)]
  const gateway = await startGateway(t, configFor([old], { upstream: { balance: { slowStart: 0 } } }))
  const toYoung = () =>
    metric(gateway, 'headgate_upstream_young_server_requests_total{upstream="app",younger_than="60"}')
  for (let i = 0; i < 4; i++) await fetch(gateway.url)
  assert.equal(await toYoung(), 0)
  const spec = (name: string) => {
    const [host = '', port] = name.split(':')
    return { name, protocol: 'http:' as const, host, port: Number(port), weight: 1, draining: false }
  }
  gateway.app.upstreams.apply('app', [spec(old.name), spec(young.name)])
  for (let i = 0; i < 10; i++) await fetch(gateway.url)
  assert.ok(young.requests.length > 0)
  assert.equal(await toYoung(), young.requests.length)
})
