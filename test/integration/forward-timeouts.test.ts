import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { connect, sendRaw } from '../helpers/raw-client.ts'
import { type GatewayInput, type StartedGateway, startGateway } from '../helpers/raw-gateway.ts'
import { ok, type RawResponder, RawServer } from '../helpers/raw-server.ts'

async function start(
  t: TestContext,
  respond: RawResponder,
  input: GatewayInput = {},
): Promise<{ server: RawServer; gateway: StartedGateway }> {
  const server = await new RawServer(respond).listen()
  const gateway = await startGateway([server.port], {
    ...input,
    upstream: { retries: { attempts: 0 }, ...input.upstream },
  })
  t.after(async () => {
    await gateway.close()
    await server.close()
  })
  return { server, gateway }
}

const silent: RawResponder = () => {}
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

test('a server without an answer is a 504, by the limit for an attempt', async (t) => {
  const { gateway, server } = await start(t, silent, {
    upstream: { timeouts: { headers: 100 }, retries: { attempts: 0 } },
  })
  const response = await fetch(gateway.url)
  assert.equal(response.status, 504)
  assert.equal(response.headers.get('proxy-status'), 'headgate; error=http_response_timeout')
  assert.equal(await codeOf(response), 'HEADGATE_HEADERS_TIMEOUT')
  await closed(server)
})

test('the limit for a request holds over all attempts', async (t) => {
  const { gateway, server } = await start(t, silent, {
    upstream: { timeouts: { headers: 150, request: 250 }, retries: { attempts: 9, budget: 1 } },
  })
  const startedAt = performance.now()
  const response = await fetch(gateway.url)
  assert.deepEqual([response.status, await codeOf(response)], [504, 'HEADGATE_REQUEST_TIMEOUT'])
  assert.ok(performance.now() - startedAt < 1000)
  assert.equal(server.requests.length, 2)
})

test('a route has a limit of its own', async (t) => {
  const { gateway } = await start(t, silent, {
    config: { routes: [{ path: '/', upstream: 'app', timeout: 100 }] },
  })
  assert.equal((await fetch(gateway.url)).status, 504)
})

test('an answer that stops is broken off', async (t) => {
  const { gateway } = await start(
    t,
    (_request, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    { upstream: { timeouts: { body: 100 } } },
  )
  const response = await fetch(gateway.url)
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
})

test('an answer that makes progress takes as long as it takes', async (t) => {
  const { gateway } = await start(
    t,
    async (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n')
      for (const letter of 'progress') {
        await new Promise((resolve) => setTimeout(resolve, 60))
        socket.write(letter)
      }
    },
    { upstream: { timeouts: { body: 200, request: 100, headers: 100 } } },
  )
  assert.equal(await (await fetch(gateway.url)).text(), 'progress')
})

test('limits of 0 are none', async (t) => {
  const { gateway } = await start(t, (request, socket) => void setTimeout(() => ok(request, socket), 300), {
    upstream: { timeouts: { connect: 0, headers: 0, body: 0, request: 0 } },
    server: {
      bodyLimit: 0,
      bodyTimeout: 0,
      headersTimeout: 0,
      sendTimeout: 0,
      keepAliveTimeout: 0,
      maxHeadersCount: 0,
      maxConnections: 0,
      maxConnectionsPerAddress: 0,
      maxRequestsPerConnection: 0,
    },
  })
  const response = await fetch(gateway.url, { method: 'POST', body: 'x'.repeat(11 * 1024 * 1024) })
  assert.equal(response.status, 200)
  const many = Array.from({ length: 300 }, (_, index) => `X-${index}: a\r\n`).join('')
  const { statuses } = await sendRaw(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`)
  assert.deepEqual(statuses, [200])
})

test('a slow head is a 408, then the connection is closed', async (t) => {
  const { gateway, server } = await start(t, ok, { server: { headersTimeout: 200 } })
  const answer = await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-A', { quietMs: 200 })
  assert.deepEqual([answer.statuses, answer.isClosed, server.requests.length], [[408], true, 0])
  assert.match(answer.text, /HEADGATE_CLIENT_TIMEOUT/)
})

test('a slow body is a 408, and one that makes enough progress is not', async (t) => {
  const { gateway, server } = await start(t, ok, { server: { bodyTimeout: 150 } })
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n'
  const slow = await sendRaw(gateway.port, [`${head}abc`])
  assert.deepEqual([slow.statuses, slow.isClosed, server.requests.length], [[408], true, 0])
  // 400 bytes buy 800 ms.
  const pieces = Array.from({ length: 5 }, () => 'x'.repeat(400))
  const steady = await sendRaw(gateway.port, [head, ...pieces], { pauseMs: 70, quietMs: 30 })
  assert.deepEqual([steady.statuses, server.requests.length], [[200], 1])
})

test('a slow body for a route of the application itself is a 408 too', async (t) => {
  const { gateway } = await start(t, ok, {
    server: { bodyTimeout: 150 },
    prepare: (app) => app.post('/own', async (request) => request.body),
  })
  const head = 'POST /own HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2000\r\n\r\n'
  const slow = await sendRaw(gateway.port, [`${head}abc`])
  assert.deepEqual([slow.statuses, slow.isClosed], [[408], true])
})

test('a body that stops is a 408 by the gap that a server would bear', async (t) => {
  const { gateway } = await start(t, ok, { upstream: { timeouts: { body: 120 } } })
  const answer = await sendRaw(gateway.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab')
  assert.deepEqual(answer.statuses, [408])
})

test('a server that takes nothing of an upload is a 504', async (t) => {
  const { gateway, server } = await start(t, ok, {
    upstream: { timeouts: { body: 150, headers: 0, request: 0 } },
  })
  server.onHead = (_request, socket) => {
    socket.pause()
    return true
  }
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n')
  const writing = setInterval(() => client.writableNeedDrain || client.write('x'.repeat(65_536)), 2)
  t.after(() => clearInterval(writing))
  const text = await new Promise<string>((resolve) => client.once('data', (chunk) => resolve(String(chunk))))
  assert.match(text, /^HTTP\/1.1 504 .*HEADGATE_BODY_TIMEOUT/s)
})

test('an idle connection is closed, in silence', async (t) => {
  const { gateway } = await start(t, ok, { server: { keepAliveTimeout: 50 } })
  const answer = await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { quietMs: 2500 })
  assert.deepEqual([answer.statuses, answer.isClosed], [[200], true])
})

test('a client that takes nothing of its answer is cut', async (t) => {
  const { gateway, server } = await start(
    t,
    (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        if (!socket.destroyed) socket.once('drain', more)
      }
      more()
    },
    { server: { sendTimeout: 200 } },
  )
  const client = await connect(gateway.port)
  t.after(() => client.destroy())
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (!server.sockets[0]?.destroyed) return
      clearInterval(look)
      resolve()
    }, 20)
  })
})

test('a connection carries as many requests as allowed', async (t) => {
  const { gateway } = await start(t, ok, { server: { maxRequestsPerConnection: 2 } })
  const answer = await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2), { quietMs: 50 })
  assert.deepEqual([answer.statuses, answer.isClosed], [[200, 200], true])
  assert.match(answer.text, /Connection: close/i)
})

test('connections of one address are counted', async (t) => {
  const { gateway } = await start(t, ok, { server: { maxConnectionsPerAddress: 2 } })
  const [first, second, third] = [
    await connect(gateway.port),
    await connect(gateway.port),
    await connect(gateway.port),
  ]
  t.after(() => [first, second, third].forEach((socket) => void socket.destroy()))
  await new Promise((resolve) => third.once('end', resolve).resume())
  first.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const answer = await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { quietMs: 20 })
  assert.deepEqual(answer.statuses, [200])
})

/** Resolves when the gateway has let go of its connection to the server. */
async function closed(server: RawServer): Promise<void> {
  for (const socket of server.sockets) {
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
  }
}
