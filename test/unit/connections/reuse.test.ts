import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import type { RecyclingPool } from '../../../src/connections/recycling-pool.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { dispatch, send } from './send.ts'

function poolFor(t: TestContext, origin: string): RecyclingPool {
  const pool = newPool(t, origin)
  t.after(() => pool.destroy())
  return pool
}

/** A server that hands its raw sockets over. */
async function rawServer(t: TestContext, onSocket: (socket: Socket, nth: number) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    onSocket(socket, sockets.push(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

perDriver('HEAD costs no socket, nor does a GET with a body', async (t) => {
  const server = await countingServer(t, (request, response) => {
    request.resume().on('end', () => response.setHeader('content-length', 2).end('ok'))
  })
  const pool = poolFor(t, server.origin)
  for (let i = 0; i < 5; i++) {
    assert.equal((await send(pool, { method: 'HEAD' })).statusCode, 200)
    assert.equal((await send(pool, { method: 'GET', body: 'why not' })).body, 'ok')
  }
  assert.deepEqual(
    server.connections.map(({ requests, announced }) => [requests, announced]),
    [[10, 0]],
  )
})

perDriver('a server that closes after its answer is counted as remote, and costs no request', async (t) => {
  const server = await countingServer(t, (_request, response) =>
    response.setHeader('connection', 'close').end('ok'),
  )
  const pool = poolFor(t, server.origin)
  for (let i = 0; i < 5; i++) assert.equal((await send(pool)).body, 'ok')
  await until(() => pool.stats.total === 0)
  assert.deepEqual([pool.stats.closed.remote, server.connections.length], [5, 5])
})

perDriver('an answer without a length ends with its socket, and the next request has another', async (t) => {
  const origin = await rawServer(t, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')),
  )
  const pool = poolFor(t, origin)
  assert.equal((await send(pool)).body, 'until the end')
  assert.equal((await send(pool)).body, 'until the end')
  assert.equal(pool.stats.opened, 2)
})

perDriver('keeps to the time that a server names in Keep-Alive', async (t) => {
  const origin = await rawServer(t, (socket) =>
    socket.on('data', () =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n'),
    ),
  )
  const pool = poolFor(t, origin)
  assert.equal((await send(pool)).connection?.reused, false)
  assert.equal((await send(pool)).connection?.reused, false)
})

perDriver('an idle socket that the server closes is dropped at once', async (t) => {
  const server = await countingServer(t)
  const pool = poolFor(t, server.origin)
  await send(pool)
  assert.equal(pool.stats.idle, 1)
  server.connections[0]!.socket.end()
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.closed.remote, 1)
  assert.equal((await send(pool)).connection?.id, 2)
})

perDriver(
  'a request that meets a closing socket before it was written goes on another, unseen',
  async (t) => {
    const server = await countingServer(t)
    const sockets: Socket[] = []
    const pool = newPool(t, server.origin, {
      dial(callback) {
        const socket = net.connect(Number(new URL(server.origin).port), '127.0.0.1')
        sockets.push(socket.once('connect', () => callback(undefined, socket)))
        return { cancel: () => socket.destroy() }
      },
    })
    t.after(() => pool.destroy())
    await send(pool)
    const { outcome } = dispatch(pool, { method: 'POST', body: Readable.from(['once']) })
    sockets[0]!.destroy()
    const { error, connection } = await outcome
    assert.equal(error, undefined)
    assert.equal(connection?.id, 2)
    assert.deepEqual(
      server.connections.map(({ requests }) => requests),
      [1, 1],
    )
  },
)

perDriver('a request that was written and lost fails, and says that it was written', async (t) => {
  const origin = await rawServer(t, (socket) => {
    socket.once('data', () => {
      socket.write(answer)
      socket.once('data', () => socket.destroy())
    })
  })
  const pool = poolFor(t, origin)
  assert.equal((await send(pool)).body, 'ok')
  const { error, started, sent, connection } = await send(pool)
  assert.deepEqual([error?.code, started, sent, connection?.reused], ['UND_ERR_SOCKET', true, true, true])
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.closed.error, 1)
})

perDriver('a request whose body never began says that it was not sent', async (t) => {
  const server = await countingServer(t)
  const pool = poolFor(t, server.origin)
  const { outcome, started } = dispatch(pool, { method: 'POST', body: new Readable({ read() {} }) })
  const controller = await started
  controller.abort(new Error('the client left'))
  const { error, sent } = await outcome
  assert.deepEqual([error?.message, sent], ['the client left', false])
  assert.equal(server.connections[0]?.requests ?? 0, 0)
})

perDriver('an answer that nobody asked for ends its socket', async (t) => {
  const sockets: Socket[] = []
  const origin = await rawServer(t, (socket) => {
    sockets.push(socket)
    socket.on('data', () => socket.write(answer))
  })
  const pool = poolFor(t, origin)
  assert.equal((await send(pool)).body, 'ok')
  sockets[0]!.write(answer)
  await until(() => pool.stats.total === 0)
  assert.equal(pool.stats.closed.error, 1)
  assert.equal((await send(pool)).connection?.id, 2)
})

perDriver('a warm socket on which the server speaks first is never used', async (t) => {
  const origin = await rawServer(t, (socket, nth) => {
    if (nth === 1) socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    else socket.on('data', () => socket.write(answer))
  })
  const pool = newPool(t, origin, { minIdle: 1 })
  t.after(() => pool.destroy())
  await until(() => pool.stats.opened === 1 && pool.stats.total === 0)
  const { statusCode, connection } = await send(pool)
  assert.deepEqual([statusCode, connection?.id], [200, 2])
})

perDriver('an upload that the server answers early leaves no half-used socket behind', async (t) => {
  const origin = await rawServer(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n'))
  })
  const pool = poolFor(t, origin)
  const body = new Readable({ read() {} })
  body.push('the first of many')
  assert.equal((await send(pool, { method: 'POST', body })).statusCode, 413)
  await until(() => pool.stats.total === 0)
  assert.equal((await send(pool)).connection?.reused, false)
})

perDriver('an abort in the middle of a body gives the socket up', async (t) => {
  const server = await countingServer(t, (_request, response) => response.write('and then'))
  const pool = poolFor(t, server.origin)
  const { outcome, started } = dispatch(pool)
  const controller = await started
  await until(() => server.connections[0]?.requests === 1)
  controller.abort(new Error('enough'))
  assert.equal((await outcome).error?.message, 'enough')
  await until(() => server.open === 0 && pool.stats.total === 0)
  assert.equal(pool.stats.closed.error, 1)
})

perDriver('a name in the Host field does not cost a socket', async (t) => {
  const server = await countingServer(t, (request, response) => response.end(request.headers.host))
  const pool = poolFor(t, server.origin)
  for (const host of ['a.example', 'b.example']) {
    assert.equal((await send(pool, { headers: ['host', host] })).body, host)
  }
  assert.equal(server.connections.length, 1)
})
