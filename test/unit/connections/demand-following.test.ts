import assert from 'node:assert/strict'
import type http from 'node:http'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

async function setUp(t: TestContext, options: RecyclingPoolOptions) {
  const clock = new FakeClock()
  const held: http.ServerResponse[] = []
  const server = await countingServer(t, (_request, response) => held.push(response), { clock })
  const pool = newPool(t, server.origin, { clock, maxAge: 0, ...options })
  t.after(() => pool.destroy())
  /** Sends as many requests at once, and lets none end before all have arrived. */
  const burst = async (count: number, arrive = count) => {
    const sent = Array.from({ length: count }, () => send(pool))
    let answered = 0
    while (answered < count) {
      await until(() => held.length === Math.min(arrive, count - answered))
      answered += held.length
      for (const response of held.splice(0)) response.end()
    }
    for (const { error } of await Promise.all(sent)) assert.equal(error, undefined)
    await until(() => pool.stats.idle === pool.stats.total)
  }
  return { clock, server, pool, burst }
}

perDriver('there are as many connections as requests at once, and never more than max', async (t) => {
  const { server, pool, burst } = await setUp(t, { max: 5 })
  await burst(3)
  assert.equal(server.open, 3)
  await burst(20, 5)
  assert.deepEqual([server.open, server.peak, pool.stats.opened], [5, 5, 5])
})

perDriver('connections are used in turn, so that they carry alike', async (t) => {
  const { server, burst } = await setUp(t, {})
  await burst(6)
  for (let i = 0; i < 60; i++) await burst(1)
  assert.deepEqual(
    server.connections.map(({ requests }) => requests),
    [11, 11, 11, 11, 11, 11],
  )
})

perDriver('although all are used in turn, their number follows the demand down', async (t) => {
  const { clock, server, pool, burst } = await setUp(t, { idleTimeout: 10_000 })
  await burst(16)
  for (let second = 0; second < 9; second++) {
    await burst(2)
    clock.advance(1000)
  }
  assert.equal(pool.stats.total, 16)
  for (let second = 0; second < 16; second++) {
    await burst(2)
    clock.advance(1000)
  }
  await until(() => server.open === 2)
  assert.equal(pool.stats.closed.idle, 14)
})

perDriver('a burst after a lull leaves its connections to the idle timeout', async (t) => {
  const { clock, server, pool, burst } = await setUp(t, { idleTimeout: 10_000 })
  await burst(1)
  clock.advance(60_000)
  await until(() => pool.stats.total === 0)
  clock.advance(60_000)
  await burst(6)
  for (let step = 0; step < 8; step++) clock.advance(1000)
  assert.equal(pool.stats.total, 6)
  clock.advance(3000)
  await until(() => server.open === 0)
})

perDriver('without traffic all are gone after the idle timeout, but for the warm ones', async (t) => {
  const { clock, server, pool, burst } = await setUp(t, { idleTimeout: 10_000, minIdle: 2 })
  await until(() => server.open === 2)
  await burst(6)
  await until(() => pool.stats.idle >= 6 && pool.stats.dialing === 0)
  clock.advance(11_000)
  await until(() => server.open === 2 && pool.stats.total === 2)
  assert.equal(pool.stats.closed.idle, pool.stats.opened - 2)
})

perDriver('a warm connection that is lost is dialled again, ever more rarely while that fails', async (t) => {
  const { clock, server, pool } = await setUp(t, { minIdle: 1 })
  await until(() => server.open === 1)
  server.close()
  await until(() => pool.stats.total === 0)
  for (let second = 0; second < 60; second++) {
    clock.advance(1000)
    await until(() => pool.stats.dialing === 0)
  }
  assert.equal(pool.stats.closed.remote, 1)
  assert.ok(pool.stats.failedDials >= 4 && pool.stats.failedDials <= 8, String(pool.stats.failedDials))
})

perDriver('an empty pool starts no timer and keeps none', async (t) => {
  const { clock, pool, burst } = await setUp(t, { idleTimeout: 5000 })
  assert.equal(clock.pending, 0)
  await burst(1)
  assert.ok(clock.pending > 0)
  clock.advance(7000)
  await until(() => pool.stats.total === 0)
  clock.advance(1000)
  assert.equal(clock.pending, 0)
})
