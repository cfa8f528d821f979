import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { maxListItems } from '../../src/discovery/agent-protocol.ts'
import { Discovery, type DiscoveryOptions } from '../../src/discovery/discovery.ts'
import { AgentServer } from '../helpers/agent-server.ts'
import { item, Witness } from '../helpers/servers.ts'

type AgentSection = Extract<DiscoveryOptions, { kind: 'agent' }>

/** Discovery of an agent that comes back after 30 ms at the most, where a test does not say otherwise. */
function discover(t: TestContext, url: string, options: Partial<AgentSection> = {}) {
  const witness = new Witness()
  const discovery = new Discovery({ kind: 'agent', url, port: 5_000, ...options }, witness, {
    random: () => 0.03,
  })
  t.after(() => discovery.close())
  discovery.start()
  return { witness, discovery }
}

/** A server that takes connections and does with them what a test wants. */
async function listen(t: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return `ws://127.0.0.1:${port}/ws`
}

test('an agent that vanishes leaves its last list, and is found again on the same port', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2'), item('127.0.0.3')])
  const { witness, discovery } = discover(t, agent.url)
  await witness.until(() => witness.lists.length === 1)
  const port = agent.port
  await agent.close()
  await witness.until(() => witness.count('disconnected') === 1)
  assert.equal(discovery.roster.state, 'lost')
  assert.equal(discovery.roster.servers.length, 2)

  await AgentServer.listen(t, [item('127.0.0.4')], port)
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.4:5000'])
  assert.equal(discovery.roster.state, 'fresh')
})

test('an agent that restarts with an empty list costs no server', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness, discovery } = discover(t, agent.url)
  await witness.until(() => witness.lists.length === 1)
  agent.greeting = []
  for (let turn = 0; turn < 3; turn++) {
    const next = agent.connection()
    agent.last.terminate()
    await next
  }
  await witness.until(() => witness.count('list_held') === 1)
  agent.send([item('127.0.0.2', 51)])
  await witness.until(() => witness.lists.length === 2)
  for (const list of witness.lists) assert.equal(list.length, 1)
  assert.ok(discovery.roster.messages.held >= 1)
})

test('an agent that flaps keeps its servers in service', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness } = discover(t, agent.url)
  for (let turn = 0; turn < 10; turn++) {
    await agent.connection()
    agent.last.terminate()
  }
  await witness.until(() => witness.lists.length === 1)
  assert.equal(witness.lists.length, 1)
  assert.ok(witness.count('disconnected') <= 2)
})

test('an agent that accepts the connection and never answers the upgrade is given up', async (t) => {
  let dials = 0
  const twice = Promise.withResolvers<void>()
  const url = await listen(t, () => {
    if (++dials === 2) twice.resolve()
  })
  const { witness, discovery } = discover(t, url, { handshakeTimeout: 100 })
  await twice.promise
  assert.equal(discovery.roster.state, 'waiting')
  assert.equal(witness.count('disconnected'), 1)
})

test('an agent that answers the upgrade with nonsense is a fault like any other', async (t) => {
  let dials = 0
  const done = Promise.withResolvers<void>()
  const answers = [
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ]
  const url = await listen(t, (socket) => {
    const answer = answers[dials++]
    if (answer === undefined) done.resolve()
    else socket.end(answer)
  })
  discover(t, url)
  await done.promise
  assert.equal(dials, 5)
})

test('an agent that no longer answers pings is dead, although its connection stands', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness, discovery } = discover(t, agent.url, { silence: 150 })
  const first = await agent.connection()
  await witness.until(() => witness.lists.length === 1)
  const second = agent.connection()
  // A process that has stopped: its socket takes bytes and gives none.
  first.pause()
  await second
  assert.equal(witness.count('disconnected'), 1)
  assert.equal(discovery.roster.servers.length, 1)
})

test('an agent that says nothing but answers pings is alive', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness, discovery } = discover(t, agent.url, { silence: 300 })
  const socket = await agent.connection()
  for (let turn = 0; turn < 6; turn++) await once(socket, 'ping')
  assert.equal(agent.connections.length, 1)
  assert.equal(discovery.roster.connected, true)
  assert.equal(witness.count('disconnected'), 0)
})

test('ten thousand hostile frames cost neither the last list nor memory', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2'), item('127.0.0.3')])
  const { witness, discovery } = discover(t, agent.url)
  await witness.until(() => witness.lists.length === 1)
  const hostile: (string | Buffer)[] = [
    'nonsense',
    '',
    '{"dns_name": "x"}',
    'null',
    '1e999',
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    '[{"a":'.repeat(5_000),
    '[{"dns_name": "x", "score": "1", "utilization_category": {}}]',
    '[{"__proto__": {"dns_name": "x", "score": 1, "utilization_category": "LU"}}]',
    '[{"constructor": {"prototype": {"port": 1}}}]',
    JSON.stringify([
      { ...item('x'), port: -1 },
      { ...item('x'), dns_name: 'x'.repeat(10_000) },
    ]),
    Buffer.from(JSON.stringify([item('127.0.0.66')])),
    Buffer.alloc(1_000, 0xff),
  ]
  const huge = `"${'x'.repeat(5 * 1024 * 1024)}"`
  // These two take long to read, because the gateway takes turns with its requests: one in a hundred will do.
  const long = JSON.stringify(
    new Array(1_000).fill({ dns_name: '../../etc/passwd', score: Number.MAX_VALUE }),
  )
  const tooLong = JSON.stringify(new Array(maxListItems + 1).fill(0))
  const frame = (turn: number) => {
    if (turn % 2_500 === 7) return huge
    if (turn % 200 === 50) return long
    if (turn % 200 === 150) return tooLong
    return hostile[turn % hostile.length]!
  }
  const before = process.memoryUsage.rss()
  for (let turn = 0; turn < 10_000; turn++) {
    agent.last.send(frame(turn))
    // The agent waits for the network, not for the gateway: what the gateway does not read stays with the agent.
    if (turn % 100 === 0) await new Promise((resolve) => agent.last.send('nonsense', resolve))
  }
  agent.send([item('127.0.0.2'), item('127.0.0.3'), item('127.0.0.4')])
  await witness.until(() => witness.lists.length === 2)
  assert.deepEqual(witness.names, ['127.0.0.2:5000', '127.0.0.3:5000', '127.0.0.4:5000'])
  assert.equal(agent.connections.length, 1)
  assert.ok(witness.events.length < 100, `${witness.events.length} events`)
  const { messages } = discovery.roster
  const total = Object.values(messages).reduce((sum, count) => sum + count)
  assert.equal(total, 10_000 + 100 + 2)
  assert.equal(messages.too_large, 4)
  assert.ok(process.memoryUsage.rss() - before < 300 * 1024 * 1024)
})

test('a frame beyond all bounds ends the connection, and the next one begins anew', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness, discovery } = discover(t, agent.url, { maxFrameBytes: 100_000 })
  await witness.until(() => witness.lists.length === 1)
  const next = agent.connection()
  agent.last.send('x'.repeat(200_000))
  await next
  assert.equal(discovery.roster.servers.length, 1)
})

test('the event loop stays free while an agent floods with lists that cost time', async (t) => {
  const agent = await AgentServer.listen(t, [item('127.0.0.2')])
  const { witness, discovery } = discover(t, agent.url)
  await witness.until(() => witness.lists.length === 1)
  const big = JSON.stringify(new Array(maxListItems).fill({ dns_name: 'x y', score: 1 }))
  const { eventLoopUtilization } = performance
  for (let turn = 0; turn < 30; turn++) agent.last.send(big)
  const begun = eventLoopUtilization()
  const read = discovery.roster.messages.no_valid_item
  while (discovery.roster.messages.no_valid_item < read + 10) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.ok(eventLoopUtilization(begun).utilization < 0.6)
})

test('a gateway that starts while its agent is away serves the list of its last life', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-persist-'))
  t.after(() => rm(folder, { recursive: true }))
  const persist = join(folder, 'list.json')
  const agent = await AgentServer.listen(t, [item('127.0.0.2', 70), item('127.0.0.3', 30, 'SUNDOWN')])
  const { url } = agent
  const first = discover(t, url, { persist })
  await first.witness.until(() => first.witness.lists.length === 1)
  await first.discovery.close()
  await agent.close()

  const second = discover(t, url, { persist })
  assert.deepEqual(second.witness.lists, first.witness.lists)
  assert.equal(second.discovery.roster.state, 'lost')
  assert.ok(second.discovery.roster.ageMs! >= 0)
  await second.discovery.close()

  await writeFile(persist, '{"half a fi')
  const third = discover(t, url, { persist })
  assert.equal(third.discovery.roster.state, 'waiting')
  assert.equal(third.witness.count('restore_failed'), 1)
})
