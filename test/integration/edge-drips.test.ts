import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { connect, statusesIn } from '../helpers/raw-client.ts'
import { type GatewayInput, startGateway } from '../helpers/raw-gateway.ts'
import { RawServer } from '../helpers/raw-server.ts'

/** Whoever sends a byte now and then, and never comes to an end, is not waited for: on either side, in every phase. */

const limits = {
  server: { headersTimeout: 200, bodyTimeout: 200 },
  upstream: { timeouts: { headers: 200, body: 200, request: 400 }, retries: { attempts: 0 } },
}

async function start(t: TestContext, input: GatewayInput = limits) {
  const server = await new RawServer().listen()
  const gateway = await startGateway([server.port], input)
  t.after(async () => {
    await gateway.close()
    await server.close()
  })
  return { server, gateway }
}

/** Says something again and again, until the other side has had enough. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 10)
  socket.once('close', () => clearInterval(timer))
}

/** What a client gets until the gateway ends its connection. */
async function untilEnd(client: Socket): Promise<string> {
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => client.once('end', resolve).once('close', resolve))
  client.destroy()
  return text
}

const chunkedPost = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'

for (const [name, beginning, drops] of [
  ['the letters of a method', '', 'G'],
  ['empty lines', '', '\r\n'],
  ['a target', 'GET /', 'x'],
  ['the name of a field', 'GET / HTTP/1.1\r\nHost: a\r\nX', 'x'],
  ['lines of a head', 'GET / HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n'],
  ['zeros of a chunk size', chunkedPost, '0'],
  ['a chunk extension', `${chunkedPost}1;`, 'a'],
  ['digits of a chunk size', chunkedPost, '1'],
  ['trailers', `${chunkedPost}1\r\na\r\n0\r\n`, 'X: y\r\n'],
] as const) {
  test(`a client that drips ${name} is refused in time`, async (t) => {
    const { server, gateway } = await start(t)
    const client = await connect(gateway.port)
    client.write(beginning)
    drip(client, drops)
    const statuses = statusesIn(await untilEnd(client))
    assert.ok([400, 408, 431, 501].includes(statuses[0] ?? 0), `${statuses}`)
    assert.equal(server.requests.length, 0)
  })
}

const head = 'HTTP/1.1 200 OK\r\n'
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`

for (const [name, beginning, drops, expected] of [
  ['a status line', 'HTTP/1.1 200 ', 'x', [504]],
  ['lines of a head', head, 'X: y\r\n', [504]],
  ['interim responses', '', 'HTTP/1.1 102 Processing\r\n\r\n', [502, 504]],
  ['a chunk size', chunked, '0', [200, 502, 504]],
  ['a chunk extension', `${chunked}1;`, 'a', [200, 502, 504]],
  ['trailers', `${chunked}1\r\na\r\n0\r\n`, 'X: y\r\n', [200]],
] as const) {
  test(`a server that drips ${name} is given up in time`, async (t) => {
    const { server, gateway } = await start(t)
    server.respond = (_request, socket) => {
      socket.write(beginning)
      drip(socket, drops)
    }
    const client = await connect(gateway.port)
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const text = await untilEnd(client)
    assert.ok(expected.includes(statusesIn(text)[0] as never), text)
    // What was begun is never complete.
    assert.ok(statusesIn(text)[0] !== 200 || !text.endsWith('0\r\n\r\n'))
    assert.equal(gateway.app.upstreams.get('app')!.inFlight, 0)
  })
}
