import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { ServerSpec } from '../../src/balance/server.ts'
import {
  configFor,
  eventually,
  metric,
  type Origin,
  type StartedGateway,
  startGateway,
  startOrigin,
} from '../helpers/gateway.ts'

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
  gateway.app.upstreams.apply('app', [specOf(old), specOf(young)])
  for (let i = 0; i < 10; i++) await fetch(gateway.url)
  assert.ok(young.requests.length > 0)
  assert.equal(await toYoung(), young.requests.length)
})

for (const [what, take] of Object.entries<(gateway: StartedGateway, origin: Origin) => unknown>({
  'is SUNDOWN': ({ app }, origin) => app.upstreams.apply('app', [{ ...specOf(origin), draining: true }]),
  'is removed': ({ app }) => app.upstreams.apply('app', []),
  'has its upstream replaced by a reload': ({ app }, origin) =>
    app.headgate.reload(configFor([origin], { upstream: { connections: { maxRequests: 77 } } })),
})) {
  test(`the metrics say what still holds on a server that ${what}`, async (t) => {
    const held: ServerResponse[] = []
    const origin = await startOrigin(t, (request, response) => {
      if (request.url === '/held') held.push(response)
      else response.end('ok')
    })
    const sockets: Socket[] = []
    origin.server.on('upgrade', (_request, socket: Socket) => {
      sockets.push(socket)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    })
    const gateway = await startGateway(t, configFor([origin]))
    const client = connect(gateway.port, '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    await once(client, 'data')
    const answers = [fetch(`${gateway.url}/held`), fetch(gateway.url)]
    await answers[1]
    await eventually(() => assert.equal(held.length, 1))

    await take(gateway, origin)
    const labels = `upstream="app",server="${origin.name}"`
    const counts = async () => [
      await metric(gateway, `headgate_upstream_in_flight{${labels}}`),
      await metric(gateway, `headgate_upstream_connections{${labels},state="active"}`),
      await metric(gateway, `headgate_upstream_connections{${labels},state="retiring"}`),
    ]
    await eventually(async () => assert.deepEqual(await counts(), [2, 1, 1]))
    held[0]!.end('at last')
    assert.equal(await (await answers[0]!).text(), 'at last')
    await eventually(async () => assert.deepEqual(await counts(), [1, 1, 0]))
    client.destroy()
    for (const socket of sockets) socket.destroy()
    await eventually(async () => assert.deepEqual(await counts(), [0, 0, 0]))
  })
}

function specOf({ name }: Origin): ServerSpec {
  const [host = '', port] = name.split(':')
  return { name, protocol: 'http:', host, port: Number(port), weight: 1, draining: false }
}
