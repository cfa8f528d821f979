import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayEvent } from '../../src/view/event-feed.ts'
import type { ServerSnapshot } from '../../src/view/snapshot.ts'
import {
  configFor,
  eventually,
  type StartedGateway,
  startAgent,
  startGateway,
  startOrigin,
} from '../helpers/gateway.ts'

async function serverOf({ app }: StartedGateway, name: string): Promise<ServerSnapshot> {
  const { upstreams } = await app.headgate.fleet.snapshot()
  return upstreams[0]?.servers.find((server) => server.name === name) as ServerSnapshot
}

test('a snapshot says how servers, connections, requests and cache stand, and is plain JSON', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.setHeader('cache-control', 'max-age=60')
    response.end('ok')
  })
  const gateway = await startGateway(t, configFor([origin]))
  for (const path of ['/page', '/a.css', '/a.css']) await (await fetch(gateway.url + path)).text()

  await eventually(async () => {
    const snapshot = await gateway.app.headgate.fleet.snapshot()
    assert.deepEqual(structuredClone(snapshot), JSON.parse(JSON.stringify(snapshot)))
    assert.equal(snapshot.requests.byStatus['2xx'], 3)
    assert.equal(snapshot.requests.inFlight, 0)
    assert.deepEqual([snapshot.cache.requests.hit, snapshot.cache.entries], [1, 1])
    assert.equal(snapshot.upstreams[0]?.discovery.state, 'static')
    const server = snapshot.upstreams[0]?.servers[0] as ServerSnapshot
    assert.deepEqual([server.name, server.state, server.outcomes.success], [origin.name, 'ready', 2])
    const { ages, idle, active } = server.connections
    assert.ok(idle + active >= 1)
    assert.equal(ages[0], idle + active, 'every open connection has its age')
  })
})

test('a server that is drained by hand gets nothing, whatever its source says, until that is taken back', async (t) => {
  const one = await startOrigin(t)
  const two = await startOrigin(t)
  const agent = await startAgent(t, [one, two])
  const config = {
    upstreams: {
      app: { discovery: { kind: 'agent' as const, url: agent.url, port: 80 }, balance: { slowStart: 0 } },
    },
    routes: [{ path: '/', upstream: 'app' }],
  }
  const gateway = await startGateway(t, config)
  const { fleet } = gateway.app.headgate
  const heard: GatewayEvent['kind'][] = []
  fleet.onEvent(({ kind }) => heard.push(kind))
  await eventually(async () => assert.equal((await serverOf(gateway, two.name))?.state, 'ready'))
  const server = { upstream: 'app', server: one.name }
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent++) await (await fetch(gateway.url)).text()
  }

  assert.deepEqual(await fleet.perform({ kind: 'drain-server', ...server }), { affected: 1 })
  await send(20)
  assert.equal(one.requests.length, 0)
  agent.app.agent.setServers(agent.app.agent.servers.map((item) => ({ ...item, score: 99 })))
  await eventually(async () => assert.equal((await serverOf(gateway, two.name)).score, 99))
  await gateway.app.headgate.reload({
    ...config,
    upstreams: { app: { ...config.upstreams.app, limits: { queue: 3 } } },
  })
  await send(20)
  assert.equal(one.requests.length, 0, 'a new list and a reload leave it drained')
  assert.equal((await serverOf(gateway, one.name)).state, 'drained')
  assert.equal((await serverOf(gateway, one.name)).score, 99, 'what the source says is told all the same')

  assert.deepEqual(await fleet.perform({ kind: 'undrain-server', ...server }), { affected: 1 })
  assert.equal((await serverOf(gateway, one.name)).state, 'ready')
  await eventually(async () => {
    await send(4)
    assert.ok(one.requests.length > 0)
  })
  for (const kind of ['server_drained', 'server_undrained', 'config_reloaded'] as const) {
    assert.ok(heard.includes(kind), kind)
  }
  assert.deepEqual(await fleet.perform({ kind: 'drain-server', upstream: 'app', server: 'no:1' }), {
    affected: 0,
  })
  assert.deepEqual(await fleet.perform({ kind: 'drain-server', upstream: 'none', server: one.name }), {
    affected: 0,
  })
})

test('the state of discovery, a refused configuration and the log level are told', async (t) => {
  const origin = await startOrigin(t)
  const agent = await startAgent(t, [origin])
  const gateway = await startGateway(t, {
    upstreams: { app: { discovery: { kind: 'agent', url: agent.url, port: 80 } } },
    routes: [{ path: '/', upstream: 'app' }],
  })
  const { fleet } = gateway.app.headgate
  await eventually(async () => assert.equal((await serverOf(gateway, origin.name))?.state, 'ready'))
  const heard: GatewayEvent[] = []
  const end = fleet.onEvent((event) => heard.push(event))

  await fleet.perform({ kind: 'set-log-level', level: 'debug' })
  assert.equal(gateway.app.log.level, 'debug')
  assert.equal((await fleet.snapshot()).logLevel, 'debug')
  await agent.app.close()
  await eventually(() =>
    assert.ok(heard.some(({ kind, detail }) => kind === 'discovery_state' && detail === 'lost')),
  )
  end()
  const before = heard.length
  await fleet.perform({ kind: 'set-log-level', level: 'info' })
  assert.equal(heard.length, before, 'who has heard enough hears no more')
})
