import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { connect, sendRaw, statusesIn } from '../helpers/raw-client.ts'
import { type GatewayInput, startGateway } from '../helpers/raw-gateway.ts'
import { RawServer, type SeenRequest } from '../helpers/raw-server.ts'
import { h2Server } from '../unit/connections/http2/h2-server.ts'

/** RFC 9110, section 10.1.1: whether a body is wanted is for the server to say. */

const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'
const proceed = 'HTTP/1.1 100 Continue\r\n\r\n'
const patient = { upstream: { timeouts: { continue: '1h' } } }

async function start(t: TestContext, input: GatewayInput = patient) {
  const server = await new RawServer().listen()
  const gateway = await startGateway([server.port], input)
  t.after(async () => {
    await gateway.close()
    await server.close()
  })
  const arrived = Promise.withResolvers<{ request: SeenRequest; socket: Socket }>()
  server.onHead = (request, socket) => {
    arrived.resolve({ request, socket })
    return undefined
  }
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  const seen = { text: '' }
  client.on('data', (chunk) => {
    seen.text += chunk
  })
  const until = async (part: string) => {
    while (!seen.text.includes(part)) await new Promise((resolve) => setImmediate(resolve))
  }
  return { server, gateway, client, seen, until, arrived: arrived.promise }
}

test('a client is asked for its body when the server asks, and not before', async (t) => {
  const { server, client, seen, until, arrived } = await start(t)
  client.write(head)
  const { request, socket } = await arrived
  assert.deepEqual(
    request.fields.filter(([name]) => name === 'expect' || name === 'content-length'),
    [
      ['content-length', '5'],
      ['expect', '100-continue'],
    ].sort((one, other) => request.head.indexOf(one[0]!) - request.head.indexOf(other[0]!)),
  )
  assert.equal(seen.text, '')
  socket.write(proceed)
  await until(proceed)
  client.write('hello')
  await until('ok')
  assert.equal(server.requests[0]!.body, 'hello')
  assert.deepEqual([statusesIn(seen.text), server.faults], [[200], []])
})

test('a chunked body that waits crosses in chunks, with its trailers', async (t) => {
  const { server, client, until, arrived } = await start(t)
  client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n')
  const { socket } = await arrived
  socket.write(proceed)
  await until(proceed)
  client.write('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n')
  await until('ok')
  assert.deepEqual([server.requests[0]!.body, server.requests[0]!.trailers], ['hello', [['x-t', '1']]])
})

for (const status of [200, 401, 413, 417]) {
  test(`a ${status} instead of asking reaches the client, whose body nobody asks for`, async (t) => {
    const { server, client, seen, arrived } = await start(t)
    client.write(head)
    const { socket } = await arrived
    const isEnded = new Promise((resolve) => socket.once('close', resolve))
    socket.write(`HTTP/1.1 ${status} Final\r\nContent-Length: 3\r\n\r\nend`)
    await new Promise((resolve) => client.once('end', resolve))
    assert.deepEqual([statusesIn(seen.text), seen.text.includes('100 Continue')], [[status], false])
    assert.match(seen.text, /connection: close\r\n/i)
    assert.ok(seen.text.endsWith('end'))
    // What the server would take for the body can never be another request.
    await isEnded
    assert.equal(server.requests.length, 0)
  })
}

test('where the server says nothing, the client is asked after a while', async (t) => {
  const { server, client, seen, until } = await start(t, {
    upstream: { timeouts: { continue: 60, body: 50 } },
  })
  client.write(head)
  await until(proceed)
  client.write('hello')
  await until('ok')
  assert.deepEqual([statusesIn(seen.text), server.requests[0]!.body], [[200], 'hello'])
})

test('a client that does not wait keeps nobody waiting', async (t) => {
  for (const bytes of [`${head}hello`, [head, 'hel', 'lo']]) {
    const { gateway, server } = await start(t)
    const until = (text: string) => statusesIn(text).length > 0
    const { statuses } = await sendRaw(gateway.port, bytes, { quietMs: 20, until })
    assert.deepEqual([statuses, server.requests[0]!.body], [[200], 'hello'])
  }
})

test('without time for it, the gateway asks, and the server is not told', async (t) => {
  const { server, client, until } = await start(t, { upstream: { timeouts: { continue: 0 } } })
  client.write(head)
  await until(proceed)
  client.write('hello')
  await until('ok')
  assert.ok(!server.requests[0]!.fields.some(([name]) => name === 'expect'))
})

test('undici, which cannot ask, leaves it to the gateway', async (t) => {
  const { client, until } = await start(t, {
    upstream: { ...patient.upstream, connections: { driver: 'undici' } },
  })
  client.write(head)
  await until(proceed)
  client.write('hello')
  await until('ok')
})

test('an idempotent request whose connection had gone stale is asked for on another', async (t) => {
  const { server, gateway, client, until } = await start(t)
  await fetch(gateway.url)
  let heads = 0
  server.onHead = (_request, socket) => {
    if (heads++ === 0) socket.destroy()
    else socket.write(proceed)
    return undefined
  }
  client.write(head.replace('POST', 'PUT'))
  await until(proceed)
  client.write('hello')
  await until('ok')
  assert.equal(heads, 2)
})

test('a server of HTTP/2 is asked too', async (t) => {
  const server = await h2Server(t, (stream, headers) => {
    const isAsked = headers.expect === '100-continue'
    if (headers[':path'] === '/no') {
      stream.respond({ ':status': 403, 'x-asked': String(isAsked) })
      return void stream.end()
    }
    stream.additionalHeaders({ ':status': 100 })
    stream.respond({ 'x-asked': String(isAsked) })
    stream.pipe(stream)
  })
  const gateway = await startGateway([], {
    upstream: { ...patient.upstream, servers: [{ url: server.origin }], connections: { http2: true } },
  })
  t.after(gateway.close)
  const refused = await sendRaw(gateway.port, head.replace('/', '/no'), { quietMs: 20 })
  assert.deepEqual([refused.statuses, refused.text.includes('100 Continue')], [[403], false])
  assert.match(refused.text, /x-asked: true/)
  const taken = await sendRaw(gateway.port, [head, 'hello'], {
    quietMs: 20,
    until: (text) => text.includes('hello'),
  })
  assert.ok(taken.text.startsWith(proceed) && taken.statuses[0] === 200, taken.text)
})
