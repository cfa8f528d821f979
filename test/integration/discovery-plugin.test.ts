import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import agentPlugin, { type AgentItem, type AgentPluginOptions } from '../../plugins/agent.ts'
import discoveryPlugin from '../../plugins/discovery.ts'
import { Witness } from '../helpers/servers.ts'

const worker: AgentItem = { dns_name: '127.0.0.2', score: 50, utilization_category: 'LU' }
const other: AgentItem = { dns_name: '127.0.0.3', score: 50, utilization_category: 'SUNDOWN', port: 6_000 }

/** A logger that keeps its lines. */
function openLog() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { lines, logger: { level: 'info', stream } }
}

async function startAgent(t: TestContext, options: AgentPluginOptions) {
  const { lines, logger } = openLog()
  const app = fastify({ logger })
  await app.register(agentPlugin, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  return { app, lines, url: `ws://127.0.0.1:${port}/ws` }
}

async function startDiscovery(t: TestContext, url: string) {
  const witness = new Witness()
  const { lines, logger } = openLog()
  const app = fastify({ logger })
  await app.register(discoveryPlugin, {
    upstreams: {
      app: { kind: 'agent', url, port: 5_000 },
      fixed: { kind: 'static', servers: [{ url: 'http://127.0.0.9' }] },
    },
    onServers: (upstream, servers) => {
      if (upstream === 'app') witness.onServers(servers)
    },
    random: () => 0,
  })
  t.after(() => app.close())
  return { app, witness, lines }
}

test('discovery begins at registration, before the application is ready', async (t) => {
  const { url } = await startAgent(t, { servers: [worker, other] })
  const { app, witness } = await startDiscovery(t, url)
  assert.equal(app.discovery.get('fixed')!.roster.state, 'static')
  await witness.until(() => witness.lists.length === 1)
  assert.deepEqual(witness.names, ['127.0.0.2:5000', '127.0.0.3:6000'])
  assert.equal(app.discovery.get('app')!.roster.state, 'fresh')
  await app.close()
  assert.equal(app.discovery.get('app')!.roster.connected, false)
})

test('what happens is a line in the log: the object first, then a constant sentence', async (t) => {
  const { url } = await startAgent(t, { servers: [worker] })
  const { witness, lines } = await startDiscovery(t, url)
  await witness.until(() => witness.lists.length === 1)
  await t.waitFor(
    () => {
      const line = lines.find(({ kind, upstream }) => kind === 'servers_changed' && upstream === 'app')
      assert.equal(line?.msg, 'discovery changed the servers')
      assert.deepEqual(line.added, ['127.0.0.2:5000'])
    },
    { interval: 1, timeout: 10_000 },
  )
})

test('an agent announces another list at once, and the same one again and again', async (t) => {
  const { app, url } = await startAgent(t, { servers: [worker], interval: 20 })
  const { app: gateway, witness } = await startDiscovery(t, url)
  await witness.until(() => witness.lists.length === 1)
  app.agent.setServers([worker, { ...other, utilization_category: 'LU' }])
  await witness.until(() => witness.lists.length === 2)
  const { messages } = gateway.discovery.get('app')!.roster
  const before = messages.unchanged
  while (messages.unchanged < before + 3) await new Promise((resolve) => setImmediate(resolve))
})

test('an agent reads its file again when it changes, and keeps its list when the file is broken', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-agent-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'servers.yaml')
  await writeFile(file, '- { dns_name: 127.0.0.2, score: 50, utilization_category: LU }')
  const { app, lines, url } = await startAgent(t, { file, interval: 20 })
  const { witness } = await startDiscovery(t, url)
  await witness.until(() => witness.lists.length === 1)
  await writeFile(file, '- { dns_name: 127.0.0.3 ]')
  const isTold = () => lines.some(({ msg }) => String(msg).startsWith('the agent could not read its list'))
  while (!isTold()) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(app.agent.servers[0]!.dns_name, '127.0.0.2')
  await writeFile(file, '- { dns_name: 127.0.0.4, score: 50, utilization_category: LU }')
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.4:5000'])
  assert.equal(app.agent.servers.length, 1)
})

test('an agent whose file is broken at the start does not start', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-agent-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'servers.json')
  await writeFile(file, '[{"dns_name": "a"}]')
  const app = fastify()
  await assert.rejects(async () => {
    await app.register(agentPlugin, { file })
  }, /a: score must be/)
})
