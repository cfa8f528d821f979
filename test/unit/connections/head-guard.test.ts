import assert from 'node:assert/strict'
import net, { type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { RecyclingPool } from '../../../src/connections/recycling-pool.ts'
import { send } from './send.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A pool for a server that answers each request in its own way. */
async function poolFor(t: TestContext, respond: (socket: Socket) => void): Promise<RecyclingPool> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => respond(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const pool = new RecyclingPool(`http://127.0.0.1:${port}`, { driver: 'undici' })
  t.after(async () => {
    await pool.destroy()
    server.close()
  })
  return pool
}

test('a 100 Continue that nobody asked for is taken out, in one piece with the response or before it', async (t) => {
  const pieces = [
    [`HTTP/1.1 100 Continue\r\n\r\n${answer}`],
    ['HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n', answer],
    ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(3), answer],
    [...`HTTP/1.1 100 Continue\r\n\r\n${answer}`],
  ]
  let turn = 0
  const pool = await poolFor(t, async (socket) => {
    for (const piece of pieces[turn] ?? []) {
      await new Promise((resolve) => socket.write(piece, resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  for (turn = 0; turn < pieces.length; turn++) {
    const { statusCode, body, connection } = await send(pool, { method: 'POST', body: 'x' })
    assert.deepEqual([statusCode, body, connection?.id], [200, 'ok', 1])
  }
})

test('a server that says 100 Continue for ever is given up', async (t) => {
  const pool = await poolFor(t, (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(40)))
  const { error } = await send(pool)
  assert.equal(error?.code, 'HPE_INVALID_VERSION')
})

test('a response in another version of HTTP than 1.0 and 1.1 is refused', async (t) => {
  let version = ''
  const pool = await poolFor(t, (socket) => socket.write(answer.replace('HTTP/1.1', version)))
  for (version of ['HTTP/2.0', 'HTTP/0.9', 'HTTP/3']) {
    const { error, statusCode } = await send(pool)
    assert.deepEqual([statusCode, error?.code?.startsWith('HPE_')], [0, true], version)
  }
  version = 'HTTP/1.0'
  assert.equal((await send(pool)).statusCode, 200)
})

test('a body that ends with its connection and was cut by a reset is not complete', async (t) => {
  const pool = await poolFor(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf', () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    )
  })
  const { error, statusCode } = await send(pool)
  assert.deepEqual([statusCode, error?.code], [200, 'ECONNRESET'])
})
