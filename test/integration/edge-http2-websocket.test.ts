import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import type { ConfigInput } from '../../src/config/schema.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { configFor, eventually, metric, startGateway } from '../helpers/gateway.ts'
import { connectH2, requestH2 } from '../helpers/h2-client.ts'

async function start(t: TestContext, extra: Partial<ConfigInput> = {}) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][0]!,
  })
  await once(server, 'listening')
  t.after(() => server.close())
  const files = writeCertificate()
  t.after(files.remove)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = configFor([{ url }], {
    server: { tls: { cert: files.cert, key: files.key } },
    admin: { port: 0 },
    ...extra,
  })
  const gateway = await startGateway(t, config)
  const session = await connectH2(gateway.port)
  t.after(() => session.destroy())
  return { server, gateway, session }
}

function open(session: ClientHttp2Session, path = '/chat', protocol = 'websocket'): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': protocol,
    ':path': path,
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
  })
  stream.on('error', () => {})
  return stream
}

/** A text frame of a client (RFC 6455, section 5.2) with a mask that changes nothing. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

test('a WebSocket over HTTP/2 is one to the server, in both directions, and ends on both sides', async (t) => {
  const { server, gateway, session } = await start(t)
  const stream = open(session)
  const [socket, request] = await once(server, 'connection')
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 200)
  assert.equal(head['sec-websocket-protocol'], 'chat')
  assert.equal(head['sec-websocket-accept'], undefined)
  assert.equal(request.headers['x-forwarded-proto'], 'https')
  assert.equal(request.headers.via, '2.0 headgate')
  stream.write(frame('to the server'))
  assert.equal(String((await once(socket, 'message'))[0]), 'to the server')
  socket.send('to the client')
  const [data] = await once(stream, 'data')
  assert.equal(data.subarray(2).toString(), 'to the client')
  stream.end()
  await once(socket, 'close')
  await eventually(() => assert.ok(stream.destroyed))
  await eventually(() => assert.equal(gateway.log.find(({ msg }) => msg === 'request')?.status, 200))
})

test('other streams go on beside a WebSocket, and a reset ends it at the server', async (t) => {
  const { server, session, gateway } = await start(t)
  const stream = open(session)
  const [socket] = await once(server, 'connection')
  await once(stream, 'response')
  assert.equal((await requestH2(session, '/healthz')).status, 200)
  stream.close(8)
  await once(socket, 'close')
  await eventually(async () => {
    const url = `http://127.0.0.1:${(gateway.app.admin.server.address() as AddressInfo).port}`
    const name = `headgate_upstream_in_flight{upstream="app",server="127.0.0.1:${(server.address() as AddressInfo).port}"}`
    assert.equal(await metric({ url }, name), 0)
  })
})

test('a server that refuses is passed on as it is', async (t) => {
  const { server, session } = await start(t)
  server.options.verifyClient = () => false
  const stream = open(session)
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 401)
  stream.destroy()
})

test('no other protocol is tunnelled', async (t) => {
  const { session } = await start(t)
  const stream = open(session, '/', 'connect-udp')
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 501)
  stream.destroy()
})

test('much data crosses a WebSocket at the pace of its reader', async (t) => {
  const { server, session } = await start(t)
  const stream = open(session)
  const [socket] = await once(server, 'connection')
  await once(stream, 'response')
  stream.pause()
  const size = 16 * 1024 * 1024
  socket.send(Buffer.alloc(size))
  await eventually(async () => {
    const before = socket.bufferedAmount
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(socket.bufferedAmount, before)
  })
  assert.ok(socket.bufferedAmount > size / 2, 'the server is held up')
  let received = 0
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  stream.resume()
  await eventually(() => assert.ok(received >= size))
})

test('a gateway that goes tells a WebSocket so, with 1001', async (t) => {
  const { server, session, gateway } = await start(t, {})
  const stream = open(session)
  const [socket] = await once(server, 'connection')
  await once(stream, 'response')
  const closed = once(socket, 'close')
  const frames: Buffer[] = []
  stream.on('data', (chunk: Buffer) => frames.push(chunk))
  await gateway.app.close()
  assert.equal((await closed)[0], 1001)
  assert.deepEqual([...Buffer.concat(frames)], [0x88, 2, 0x03, 0xe9])
})

test('a server that is gone is 502', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  const { session } = await start(t, {
    upstreams: { app: { servers: [{ url: `http://127.0.0.1:${port}` }] } },
  })
  const stream = open(session)
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 502)
  stream.destroy()
})
