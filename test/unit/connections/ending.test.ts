import assert from 'node:assert/strict'
import type http from 'node:http'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { dispatch, send } from './send.ts'

/** A server that holds its answers back, with one connection idle and one active. */
async function setUp(t: TestContext, options: RecyclingPoolOptions = {}) {
  const held: http.ServerResponse[] = []
  const server = await countingServer(t, (_request, response) => held.push(response))
  const pool = newPool(t, server.origin, options)
  t.after(() => pool.destroy())
  const finish = () => held.splice(0).map((response) => response.end('ok'))
  const both = [send(pool), send(pool)]
  await until(() => held.length === 2)
  held.shift()!.end('ok')
  await Promise.race(both)
  assert.deepEqual([pool.stats.active, pool.stats.idle], [1, 1])
  return { server, pool, finish, running: Promise.all(both), held }
}

perDriver('a pool that retires closes what is idle now and what is active after its request', async (t) => {
  const { server, pool, finish, running } = await setUp(t)
  pool.retire('server_removed')
  await until(() => server.open === 1)
  assert.deepEqual([pool.stats.active, pool.stats.retiring], [0, 1])
  finish()
  for (const { error } of await running) assert.equal(error, undefined)
  await until(() => server.open === 0)
  assert.equal(pool.stats.closed.server_removed, 2)
})

perDriver('a request that comes to a retired pool is served by a connection of its own', async (t) => {
  const { server, pool, finish, running, held } = await setUp(t)
  pool.retire()
  const late = send(pool)
  await until(() => held.length === 2)
  finish()
  assert.equal((await late).body, 'ok')
  await running
  await until(() => server.open === 0)
  assert.equal(server.connections[2]!.announced, 1)
  assert.equal(pool.stats.closed.server_removed, 3)
})

perDriver('a pool that is restored keeps its connections again', async (t) => {
  const { server, pool, finish, running, held } = await setUp(t, { minIdle: 1 })
  pool.retire()
  finish()
  await running
  await until(() => server.open === 0)
  pool.restore()
  await until(() => server.open === 1)
  const again = send(pool)
  await until(() => held.length === 1)
  finish()
  assert.equal((await again).connection?.reused, false)
  await until(() => pool.stats.idle >= 1)
  assert.equal(pool.stats.closed.shutdown, 0)
})

perDriver('closing waits for the requests that run and for those that wait', async (t) => {
  const { server, pool, finish, running, held } = await setUp(t, { max: 2 })
  const more = [send(pool), send(pool)]
  let closed = false
  const closing = pool.close().then(() => {
    closed = true
  })
  assert.match((await send(pool)).error?.code ?? '', /UND_ERR_CLOSED/)
  for (let answered = 0; answered < 3; answered += finish().length) {
    assert.equal(closed, false)
    await until(() => held.length > 0)
  }
  for (const { body } of [...(await running), ...(await Promise.all(more))]) assert.equal(body, 'ok')
  await closing
  assert.deepEqual([pool.stats.total, pool.stats.closed.shutdown], [0, server.connections.length])
  await pool.close()
})

perDriver('a removed server keeps its reason when its pool is closed', async (t) => {
  const { pool, finish, running } = await setUp(t)
  pool.retire('server_removed')
  const closing = pool.close()
  finish()
  await running
  await closing
  assert.deepEqual([pool.stats.closed.server_removed, pool.stats.closed.shutdown], [2, 0])
})

perDriver(
  'destroying fails what runs and what waits with the error, and leaves nothing behind',
  async (t) => {
    const { server, pool, running } = await setUp(t, { max: 2 })
    const sent = Array.from({ length: 3 }, () => send(pool))
    await pool.destroy(new Error('no more'))
    const messages = [...(await running), ...(await Promise.all(sent))].map(({ error }) => error?.message)
    assert.equal(messages.filter((message) => message === 'no more').length, 4)
    assert.equal(messages.filter((message) => message === undefined).length, 1)
    await until(() => server.open === 0)
    assert.deepEqual([pool.stats.total, pool.stats.closed.shutdown], [0, 2])
    assert.equal((await send(pool)).error?.code, 'UND_ERR_DESTROYED')
  },
)

perDriver('destroying gives up what is being dialled', async (t) => {
  let cancelled = 0
  const pool = newPool(t, 'http://127.0.0.1:1', { dial: () => ({ cancel: () => cancelled++ }) })
  const outcome = send(pool)
  const tunnel = pool.connectSocket()
  await pool.destroy(new Error('no more'))
  assert.equal((await outcome).error?.message, 'no more')
  await assert.rejects(tunnel, { message: 'no more' })
  assert.deepEqual([cancelled, pool.stats.total], [2, 0])
})

perDriver('a tunnel has a socket of its own, counts, and lives on when the pool retires', async (t) => {
  const { server, pool, finish, running } = await setUp(t)
  const socket = await pool.connectSocket()
  assert.deepEqual([pool.stats.active, pool.stats.tunnels, pool.stats.opened], [2, 1, 3])
  pool.retire()
  finish()
  await running
  await until(() => server.open === 1)
  assert.deepEqual([pool.stats.active, pool.stats.total], [1, 1])
  socket.end()
  await until(() => pool.stats.total === 0)
  assert.deepEqual([pool.stats.tunnels, pool.stats.closed.remote], [0, 1])
})

perDriver('a tunnel takes the place of an idle connection, and is refused where there is none', async (t) => {
  const { server, pool } = await setUp(t, { max: 2 })
  const socket = await pool.connectSocket()
  await assert.rejects(pool.connectSocket(), { code: 'HEADGATE_QUEUE_FULL' })
  assert.deepEqual([pool.stats.total, pool.stats.closed.idle], [2, 1])
  await until(() => server.open === 2)
  socket.destroy()
})

perDriver('a tunnel that cannot be dialled rejects with the error of the socket', async (t) => {
  const server = await countingServer(t)
  const pool = newPool(t, server.origin)
  server.close()
  await assert.rejects(pool.connectSocket(), { code: 'ECONNREFUSED' })
  assert.equal(pool.stats.total, 0)
})

perDriver('destroying cuts tunnels', async (t) => {
  const { pool } = await setUp(t)
  const socket: Socket = await pool.connectSocket()
  const cut = new Promise((resolve) => socket.once('close', resolve))
  await pool.destroy()
  await cut
  assert.equal(pool.stats.closed.shutdown, 3)
})

perDriver('births and deaths are told as data', async (t) => {
  const server = await countingServer(t)
  const events: unknown[] = []
  const pool = newPool(t, server.origin, {
    maxRequests: 2,
    jitter: 0,
    onEvent: ({ type, id, ...rest }) =>
      events.push([type, id, 'reason' in rest ? rest.reason : rest.resumed]),
  })
  t.after(() => pool.destroy())
  const { outcome } = dispatch(pool)
  await outcome
  await send(pool)
  await until(() => pool.stats.closed.max_requests === 1)
  assert.deepEqual(events.slice(0, 1), [['opened', 1, false]])
  assert.ok(events.some((event) => JSON.stringify(event) === '["closed",1,"max_requests"]'))
})
