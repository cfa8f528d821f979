import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { connect, sendRaw } from '../helpers/raw-client.ts'
import { type GatewayInput, metric, type StartedGateway, startGateway } from '../helpers/raw-gateway.ts'
import { loadTunnels, mostlySmall } from '../load/tunnels.ts'

const upgrade =
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

interface Started {
  gateway: StartedGateway
  sockets: Socket[]
}

/** A server that does with an upgraded connection what a test wants. */
async function start(
  t: TestContext,
  onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
  input: GatewayInput = {},
): Promise<Started> {
  const sockets: Socket[] = []
  const server = createServer((_request, response) => response.end('plain'))
  server.on('upgrade', (request, socket, head) => {
    sockets.push(socket as Socket)
    socket.on('error', () => {})
    onUpgrade(request, socket as Socket, head)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gateway = await startGateway([(server.address() as AddressInfo).port], input)
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await gateway.close()
    server.closeAllConnections()
    server.close()
  })
  return { gateway, sockets }
}

async function webSockets(
  t: TestContext,
  input: GatewayInput = {},
): Promise<Started & { server: WebSocketServer }> {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].at(-1) ?? false,
  })
  const started = await start(
    t,
    (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client)),
    input,
  )
  return { ...started, server }
}

/** Everything that a socket gets, and a way to wait for some of it. */
function reader(socket: Socket): { text: () => string; until: (part: string) => Promise<void> } {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  return {
    text: () => text,
    until: async (part) => {
      while (!text.includes(part)) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

const inFlight = (gateway: StartedGateway) => metric(gateway.url, 'headgate_upstream_in_flight')

/** A gateway that has drained does not listen any more: it is asked from inside. */
async function settled({ app }: StartedGateway): Promise<void> {
  while (app.upstreams.get('app')!.inFlight !== 0) await new Promise((resolve) => setImmediate(resolve))
}

test('200 tunnels carry 200 messages each, of up to a megabyte, byte for byte', async () => {
  const { bytes, ...outcome } = await loadTunnels({ tunnels: 200, messages: 200, sizeOf: mostlySmall })
  assert.deepEqual(outcome, { different: 0, held: 0 })
  assert.ok(bytes > 40_000_000)
})

test('subprotocols and extensions are for the two ends to agree on', async (t) => {
  const { gateway, server } = await webSockets(t)
  server.on('connection', (client) => client.send('hello'))
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, ['one', 'two'])
  const message = await new Promise((resolve) => client.once('message', (data) => resolve(String(data))))
  assert.deepEqual([message, client.protocol], ['hello', 'two'])
  client.terminate()
  await settled(gateway)
})

test('a refusal arrives as it is, with its body', async (t) => {
  const { gateway } = await start(t, (_request, socket) => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 6\r\n\r\nwho???')
  })
  const answer = await sendRaw(gateway.port, upgrade, { quietMs: 300 })
  assert.deepEqual([answer.statuses, answer.isClosed], [[401], true])
  assert.match(answer.text, /WWW-Authenticate: Basic\r\n/)
  assert.match(answer.text, /who\?\?\?$/)
  assert.equal(await inFlight(gateway), 0)
})

test('a server that cannot be reached is a 502', async (t) => {
  const { gateway } = await start(t, () => {}, { upstream: { servers: [{ url: 'http://127.0.0.1:1' }] } })
  const answer = await sendRaw(gateway.port, upgrade, { quietMs: 300 })
  assert.deepEqual([answer.statuses, answer.isClosed], [[502], true])
})

test('a server that switches to what nobody asked for is a 502', async (t) => {
  const { gateway } = await start(t, (_request, socket) =>
    socket.write(switching.replace('websocket', 'other')),
  )
  const answer = await sendRaw(gateway.port, upgrade, { quietMs: 300 })
  assert.deepEqual(answer.statuses, [502])
  await settled(gateway)
})

test('a plugin may refuse an upgrade', async (t) => {
  const { gateway, sockets } = await start(t, () => {}, {
    prepare: (app) => app.addHook('onRequest', async (_request, reply) => reply.code(403).send({ no: true })),
  })
  const answer = await sendRaw(gateway.port, upgrade, { quietMs: 300 })
  assert.deepEqual([answer.statuses, answer.isClosed, sockets.length], [[403], true, 0])
})

test('bytes that come with the two heads cross too', async (t) => {
  const { gateway } = await start(t, (_request, socket, head) => {
    socket.write(`${switching}early(${head}`)
    socket.on('data', (chunk) => socket.write(chunk))
  })
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  const { until } = reader(client)
  client.write(`${upgrade}ahead`)
  await until('early(')
  await until('ahead')
})

test('a tunnel holds its slot until it ends', async (t) => {
  const { gateway } = await start(t, (_request, socket) => {
    socket.write(switching)
    socket.on('end', () => socket.end()).resume()
  })
  const client = await connect(gateway.port)
  const { until } = reader(client)
  client.write(upgrade)
  await until('101 ')
  assert.equal(await inFlight(gateway), 1)
  client.destroy()
  await settled(gateway)
})

test('either side may end its half, and the other goes on', async (t) => {
  const { gateway, sockets } = await start(t, (_request, socket) => {
    socket.allowHalfOpen = true
    socket.write(switching)
    socket.on('data', (chunk) => socket.write(`<${chunk}>`))
    socket.on('end', () => setTimeout(() => socket.end('bye'), 30))
  })
  const client = await connect(gateway.port)
  const { text, until } = reader(client)
  client.write(upgrade)
  await until('101 ')
  client.end('last')
  await new Promise((resolve) => client.once('end', resolve))
  assert.ok(text().endsWith('<last>bye'))

  const other = await connect(gateway.port)
  const { until: otherUntil } = reader(other)
  other.write(upgrade)
  await otherUntil('101 ')
  const second = sockets[1]!
  const heard = new Promise<string>((resolve) => second.once('data', (chunk) => resolve(String(chunk))))
  second.removeAllListeners('data')
  const late = new Promise<string>((resolve) => second.once('data', (chunk) => resolve(String(chunk))))
  second.end()
  await new Promise((resolve) => other.once('end', resolve))
  other.end('still here')
  assert.equal(await Promise.race([heard, late]), 'still here')
  await settled(gateway)
})

test('a client that does not read holds the server up, not the memory', async (t) => {
  let written = 0
  const { gateway } = await start(t, (_request, socket) => {
    socket.write(switching)
    const more = () => {
      while (written < 150_000_000) {
        written += 65_536
        if (!socket.write(Buffer.alloc(65_536))) return void socket.once('drain', more)
      }
    }
    more()
  })
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  client.pause()
  client.write(upgrade)
  let before = -1
  while (before !== written) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(written < 20_000_000, `${written} bytes were taken for a client that reads nothing`)
})

test('a reset at any moment ends nothing but its tunnel', async (t) => {
  const { gateway, sockets } = await start(t, (_request, socket) => {
    const kind = sockets.length % 6
    if (kind === 0) socket.resetAndDestroy()
    else if (kind === 1) socket.write(switching, () => socket.resetAndDestroy())
    else if (kind === 2) socket.write(switching.slice(0, 30), () => socket.resetAndDestroy())
    else if (kind === 3) setTimeout(() => socket.write(switching), 5)
    else socket.write(`${switching}${'x'.repeat(100_000)}`)
  })
  async function one(index: number): Promise<void> {
    const client = await connect(gateway.port)
    client.on('data', () => {})
    client.write(upgrade.slice(0, index % 7 === 0 ? 50 : undefined))
    await new Promise((resolve) => setTimeout(resolve, index % 13))
    client.resetAndDestroy()
  }
  for (let round = 0; round < 8; round++) {
    await Promise.all(Array.from({ length: 15 }, (_, index) => one(round * 15 + index)))
  }
  await settled(gateway)
  assert.equal((await fetch(gateway.url)).status, 200)
})

test('a client that leaves while its upgrade waits is noticed, with an end and with a reset', async (t) => {
  for (const how of ['end', 'resetAndDestroy'] as const) {
    const arrived = Promise.withResolvers<Socket>()
    const { gateway } = await start(t, (_request, socket) => arrived.resolve(socket))
    const client = await connect(gateway.port)
    client.write(upgrade)
    const server = await arrived.promise
    const left = new Promise((resolve) => server.once('end', resolve).once('close', resolve))
    server.resume()
    client[how]()
    await left
    await settled(gateway)
  }
})

test('when the gateway ends, both sides of a WebSocket are told 1001', async (t) => {
  const { gateway, server } = await webSockets(t)
  const atServer = new Promise<number>((resolve) => {
    server.on('connection', (client) => client.on('close', (code) => resolve(code)))
  })
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`)
  await new Promise((resolve) => client.once('open', resolve))
  const atClient = new Promise<number>((resolve) => client.on('close', (code) => resolve(code)))
  const cut = await gateway.app.headgate.drain()
  assert.equal(cut.tunnels, 1)
  assert.deepEqual([await atServer, await atClient], [1001, 1001])
  await settled(gateway)
})

test('the frame that is under way when the gateway ends crosses in full, and 1001 stands behind it', async (t) => {
  const { gateway, sockets } = await start(t, (_request, socket) => {
    socket.allowHalfOpen = true
    socket.write(`${switching}\x81\x0aHel`, 'latin1')
  })
  const client = await connect(gateway.port)
  const { text, until } = reader(client)
  client.write(`${upgrade}\x82\x85mask12`, 'latin1')
  await until('Hel')
  const server = sockets[0]!
  const atServer = reader(server)
  await atServer.until('mask12')
  await gateway.app.headgate.drain()
  // Behind the end of each frame stands what may not cross any more.
  server.write('lo, you\x81\x03no!')
  client.write('345\x81\x83maskno!', 'latin1')
  await Promise.all([client, server].map((side) => new Promise((resolve) => side.once('end', resolve))))
  assert.equal(text().split('\r\n\r\n')[1], '\x81\x0aHello, you\x88\x02\x03\xe9')
  assert.equal(atServer.text().length, '\x82\x85mask12345'.length + 8)
  assert.ok(atServer.text().startsWith('\x82\x85mask12345\x88\x82'))
  client.destroy()
  server.destroy()
  await settled(gateway)
})

test('a WebSocket that has said goodbye itself is told nothing more', async (t) => {
  const { gateway } = await start(t, (_request, socket) => {
    socket.allowHalfOpen = true
    socket.write(`${switching}\x88\x02\x03\xe8`, 'latin1')
  })
  const client = await connect(gateway.port)
  const { text, until } = reader(client)
  client.write(upgrade)
  await until('\x88\x02\x03\xe8')
  await gateway.app.headgate.drain()
  await new Promise((resolve) => client.once('end', resolve))
  assert.equal(text().split('\r\n\r\n')[1], '\x88\x02\x03\xe8')
  client.destroy()
  await settled(gateway)
})

test('a tunnel is ended at its age, where there is one', async (t) => {
  const { gateway } = await webSockets(t, { upstream: { limits: { maxTunnelAge: 150 } } })
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`)
  const code = await new Promise((resolve) => client.on('close', resolve))
  assert.equal(code, 1001)
  await settled(gateway)
})
