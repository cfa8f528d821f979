import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { ConfigInput } from '../../src/config/schema.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { configFor, echo, eventually, startGateway, startOrigin } from '../helpers/gateway.ts'
import { proxyHeader } from '../helpers/proxy-header.ts'
import { connect, parse, sendRaw } from '../helpers/raw-client.ts'
import { RawH2Client, requestOf } from '../helpers/raw-h2-client.ts'

const line = 'PROXY TCP4 192.0.2.7 198.51.100.2 1024 8443\r\n'
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const binary = proxyHeader({ family: 0x11, address: [192, 0, 2, 8, 198, 51, 100, 2, 4, 0, 0, 80] })

async function start(t: TestContext, server: ConfigInput['server']) {
  const origin = await startOrigin(t, echo)
  return startGateway(t, configFor([origin], { server: server ?? {}, cache: { mode: 'off' } }))
}

/** The fields that the server got. */
function fieldsIn(text: string): Record<string, string> {
  return JSON.parse(parse(text).body).headers
}

for (const [what, bytes, address, port] of [
  ['version 1', line, '192.0.2.7', '8443'],
  ['version 2', binary.toString('latin1'), '192.0.2.8', '80'],
] as const) {
  test(`the client is who a header of ${what} names`, async (t) => {
    const { port: gateway, log } = await start(t, { proxyProtocol: true })
    const { text } = await sendRaw(gateway, bytes + get)
    assert.equal(fieldsIn(text)['x-forwarded-for'], address)
    assert.equal(fieldsIn(text)['x-forwarded-port'], port)
    await eventually(() => assert.equal(log.find(({ msg }) => msg === 'request')?.client, address))
  })
}

test('a header may come in pieces, and a body behind it', async (t) => {
  const { port } = await start(t, { proxyProtocol: true })
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'
  const { text } = await sendRaw(port, [line.slice(0, 10), line.slice(10), post.slice(0, 20), post.slice(20)])
  assert.equal(fieldsIn(text)['x-forwarded-for'], '192.0.2.7')
  assert.equal(JSON.parse(parse(text).body).body, 'abc')
})

test('a connection without the header is closed, and so is one that never sends it', async (t) => {
  const { port } = await start(t, { proxyProtocol: true, headersTimeout: 150 })
  const { text, isClosed } = await sendRaw(port, get)
  assert.deepEqual({ text, isClosed }, { text: '', isClosed: true })
  const silent = await connect(port)
  silent.resume()
  await new Promise((resolve) => silent.once('end', resolve))
  silent.destroy()
})

test('only those in the list speak it: others are served as they are, and not believed', async (t) => {
  const { port } = await start(t, { proxyProtocol: ['192.0.2.0/24'] })
  assert.equal(fieldsIn((await sendRaw(port, get)).text)['x-forwarded-for'], '127.0.0.1')
  assert.deepEqual((await sendRaw(port, line + get)).statuses, [400])
})

test('trust and limits look at the address in the header', async (t) => {
  const { port } = await start(t, {
    proxyProtocol: true,
    trustProxy: ['192.0.2.7'],
    maxConnectionsPerAddress: 1,
  })
  const forwarded = 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n'
  const { text } = await sendRaw(port, line + forwarded)
  assert.equal(fieldsIn(text)['x-forwarded-for'], '203.0.113.9, 192.0.2.7')
  const first = await connect(port)
  first.write(line + get)
  await new Promise((resolve) => first.once('data', resolve))
  assert.equal((await sendRaw(port, line + get)).text, '', 'a second one of the same address')
  const other = await sendRaw(port, binary.toString('latin1') + get)
  assert.deepEqual(other.statuses, [200], 'one of another address')
  first.destroy()
})

for (const protocol of ['h2', 'http/1.1'] as const) {
  test(`TLS stands behind the header, with ${protocol}`, async (t) => {
    const files = writeCertificate()
    t.after(files.remove)
    const { port } = await start(t, { proxyProtocol: true, tls: { cert: files.cert, key: files.key } })
    const raw = await connect(port)
    raw.write(line)
    const socket = tls.connect({ socket: raw, ALPNProtocols: [protocol], rejectUnauthorized: false })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    t.after(() => socket.destroy())
    if (protocol === 'h2') {
      const client = RawH2Client.over(socket)
      client.headers(1, requestOf('/'))
      await client.over(1)
      assert.equal(JSON.parse(client.stream(1).data).headers['x-forwarded-for'], '192.0.2.7')
      return
    }
    socket.write(get)
    const [text] = await new Promise<string[]>((resolve) =>
      socket.once('data', (chunk) => resolve([chunk.toString()])),
    )
    assert.equal(fieldsIn(text!)['x-forwarded-for'], '192.0.2.7')
    assert.equal(fieldsIn(text!)['x-forwarded-proto'], 'https')
  })
}
