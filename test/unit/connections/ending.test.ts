import assert from 'node:assert/strict'
import type http from 'node:http'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

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
