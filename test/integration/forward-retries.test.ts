import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import {
  freePort,
  type GatewayInput,
  metric,
  type StartedGateway,
  startGateway,
} from '../helpers/raw-gateway.ts'
import { ok, type RawResponder, RawServer } from '../helpers/raw-server.ts'

async function serverWith(t: TestContext, respond: RawResponder = ok): Promise<RawServer> {
  const server = await new RawServer(respond).listen()
  t.after(() => server.close())
  return server
}

async function gatewayTo(
  t: TestContext,
  ports: number[],
  retries: { attempts: number; budget?: number },
  input: GatewayInput = {},
): Promise<StartedGateway> {
  const gateway = await startGateway(ports, {
    ...input,
    upstream: { retries: { budget: 1, ...retries }, ...input.upstream },
  })
  t.after(gateway.close)
  return gateway
}

/** Resets the connection of a request instead of answering. */
function reset(_request: unknown, socket: Socket): void {
  socket.resetAndDestroy()
}

async function statuses(url: string, count: number, init: RequestInit = {}): Promise<number[]> {
  const all: number[] = []
  for (let index = 0; index < count; index++) {
    const response = await fetch(url, init)
    await response.text()
    all.push(response.status)
  }
  return all
}

test('a request that was never sent goes to another server, whatever its method', async (t) => {
  const server = await serverWith(t)
  const gateway = await gatewayTo(t, [await freePort(), server.port], { attempts: 1 })
  assert.deepEqual(await statuses(gateway.url, 4, { method: 'POST', body: 'x' }), [200, 200, 200, 200])
  assert.deepEqual(
    server.requests.map(({ body }) => body),
    ['x', 'x', 'x', 'x'],
  )
})

test('without attempts a refused connection is a 502', async (t) => {
  const server = await serverWith(t)
  const gateway = await gatewayTo(t, [await freePort(), server.port], { attempts: 0 })
  assert.deepEqual((await statuses(gateway.url, 4)).sort(), [200, 200, 502, 502])
})

test('a GET that a server breaks off before its answer goes to another', async (t) => {
  const broken = await serverWith(t, reset)
  const server = await serverWith(t)
  const gateway = await gatewayTo(t, [broken.port, server.port], { attempts: 1 })
  assert.deepEqual(await statuses(gateway.url, 6), [200, 200, 200, 200, 200, 200])
  assert.ok(broken.requests.length > 0)
})

test('a POST that may have reached a server is never sent twice', async (t) => {
  const servers = await Promise.all([1, 2, 3].map(() => serverWith(t, reset)))
  const gateway = await gatewayTo(
    t,
    servers.map(({ port }) => port),
    { attempts: 2 },
  )
  assert.deepEqual(await statuses(gateway.url, 3, { method: 'POST', body: 'x' }), [502, 502, 502])
  assert.equal(servers.flatMap(({ requests }) => requests).length, 3)
})

test('a PUT with a small body is sent again in full, one with a large body is not', async (t) => {
  const broken = await serverWith(t, reset)
  const server = await serverWith(t)
  const gateway = await gatewayTo(t, [broken.port, server.port], { attempts: 1 })
  const small = 'x'.repeat(10_000)
  assert.deepEqual(await statuses(gateway.url, 2, { method: 'PUT', body: small }), [200, 200])
  assert.ok(server.requests.every(({ body }) => body === small))
  const large = await statuses(gateway.url, 2, { method: 'PUT', body: 'x'.repeat(300_000) })
  assert.deepEqual(large.sort(), [200, 502])
})

test('never more attempts than configured, each on a server of its own', async (t) => {
  const servers = await Promise.all([1, 2, 3, 4].map(() => serverWith(t, reset)))
  const gateway = await gatewayTo(
    t,
    servers.map(({ port }) => port),
    { attempts: 2 },
  )
  assert.deepEqual(await statuses(gateway.url, 1), [502])
  assert.deepEqual(servers.map(({ requests }) => requests.length).sort(), [0, 1, 1, 1])
})

test('the budget bounds retries', async (t) => {
  const servers = await Promise.all([1, 2].map(() => serverWith(t, reset)))
  const gateway = await gatewayTo(
    t,
    servers.map(({ port }) => port),
    { attempts: 1, budget: 0 },
  )
  await statuses(gateway.url, 60)
  const sent = servers.flatMap(({ requests }) => requests).length
  assert.ok(sent < 120, `${sent} requests for 60`)
})

test('an answer that has begun is not asked for again', async (t) => {
  const servers = await Promise.all(
    [1, 2].map(() =>
      serverWith(t, (_request, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy())
      }),
    ),
  )
  const gateway = await gatewayTo(
    t,
    servers.map(({ port }) => port),
    { attempts: 3 },
  )
  await assert.rejects(fetch(gateway.url).then((response) => response.text()))
  assert.equal(servers.flatMap(({ requests }) => requests).length, 1)
})

test('a 503 of a server is an answer like any other', async (t) => {
  const server = await serverWith(t, (_request, socket) => {
    socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
  })
  const gateway = await gatewayTo(t, [server.port], { attempts: 3 })
  assert.deepEqual(await statuses(gateway.url, 1), [503])
  assert.equal(server.requests.length, 1)
})

test('a frozen server is left for another when the time for its head is over', async (t) => {
  const frozen = await serverWith(t, () => {})
  const server = await serverWith(t)
  const gateway = await gatewayTo(
    t,
    [frozen.port, server.port],
    { attempts: 1 },
    {
      upstream: { timeouts: { headers: 100, request: 5000 } },
    },
  )
  assert.deepEqual(await statuses(gateway.url, 4), [200, 200, 200, 200])
  assert.ok(frozen.requests.length > 0)
})

test('the race with a server that closes idle connections reaches no client, with no attempts configured', async (t) => {
  // Answers, and closes at the moment when the next request is on its way.
  const server = await serverWith(t, (request, socket) => {
    if (request.connection % 2 === 1 && request.target === '/second') return void socket.destroy()
    ok(request, socket)
  })
  const gateway = await gatewayTo(t, [server.port], { attempts: 0 })
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await statuses(`${gateway.url}/first`, 1), [200])
    assert.deepEqual(await statuses(`${gateway.url}/second`, 1), [200])
  }
  assert.equal(await metric(gateway.url, 'headgate_upstream_in_flight'), 0)
})

test('a POST on a connection that was closing is told so, and was sent once', async (t) => {
  const server = await serverWith(t, (request, socket) => {
    if (request.method === 'POST') return void socket.destroy()
    ok(request, socket)
  })
  const gateway = await gatewayTo(t, [server.port], { attempts: 2 })
  await statuses(gateway.url, 1)
  assert.deepEqual(await statuses(gateway.url, 1, { method: 'POST', body: 'x' }), [502])
  assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
})
