import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { dispatch, send } from './send.ts'

async function setUp(t: TestContext, options: RecyclingPoolOptions) {
  const clock = new FakeClock()
  const server = await countingServer(t, undefined, { clock })
  const pool = newPool(t, server.origin, { clock, jitter: 0, random: () => 0, ...options })
  t.after(() => pool.destroy())
  return { clock, server, pool }
}

perDriver('closes a socket after its last allowed request, which says so', async (t) => {
  const { server, pool } = await setUp(t, { maxRequests: 3 })
  for (let i = 0; i < 7; i++) assert.equal((await send(pool)).statusCode, 200)
  await until(() => server.open === 1)
  assert.deepEqual(
    server.connections.map(({ requests, announced }) => [requests, announced]),
    [
      [3, 1],
      [3, 1],
      [1, 0],
    ],
  )
  assert.equal(pool.stats.closed.max_requests, 2)
  assert.equal(pool.stats.requestSum, 6)
})

perDriver('each connection draws its own number of requests within the jitter', async (t) => {
  const { server, pool } = await setUp(t, { maxRequests: 10, jitter: 0.2, random: Math.random })
  for (let i = 0; i < 200; i++) await send(pool)
  const full = server.connections.filter(({ announced }) => announced > 0)
  assert.ok(full.length >= 200 / 12 - 1)
  for (const { requests, announced } of full) {
    assert.ok(requests >= 8 && requests <= 12)
    assert.equal(announced, 1)
  }
})

perDriver(
  'the last request of an aged connection is announced, and its successor dialled before',
  async (t) => {
    const { clock, server, pool } = await setUp(t, { maxAge: 1000 })
    // The first connection draws its deadline from the whole age; random 0 and one golden step give 382 ms.
    await send(pool)
    clock.advance(300)
    await send(pool)
    assert.equal(server.connections.length, 1)
    clock.advance(20)
    await until(() => pool.stats.opened === 2)
    assert.deepEqual([pool.stats.idle, pool.stats.retiring], [2, 0])
    await send(pool)
    await until(() => server.open === 1)
    const [old, successor] = server.connections
    assert.deepEqual([old!.requests, old!.announced], [3, 1])
    assert.ok(old!.lastAge <= 382)
    await send(pool)
    assert.equal(successor!.requests, 1)
    assert.equal(pool.stats.closed.max_age, 1)
  },
)

perDriver('an idle connection goes at its age without any traffic, and nobody takes its place', async (t) => {
  const { clock, server, pool } = await setUp(t, { maxAge: 10_000, idleTimeout: 10_000 })
  await send(pool)
  clock.advance(9000)
  await until(() => server.open === 0)
  assert.equal(pool.stats.closed.max_age, 1)
  assert.deepEqual([pool.stats.total, server.connections.length], [0, 1])
})

perDriver('no request starts on a connection past its age, even before a sweep has seen it', async (t) => {
  const { clock, server, pool } = await setUp(t, { maxAge: 100_000, idleTimeout: 0 })
  await send(pool)
  const [first] = server.connections
  // The clock leaps without firing timers: as after a pause of the whole process.
  const now = clock.now() + 100_000
  t.mock.method(clock, 'now', () => now)
  const { connection } = await send(pool)
  assert.equal(connection?.id, 2)
  assert.equal(first!.requests, 1)
  assert.equal(pool.stats.closed.max_age, 1)
})

perDriver('a request that outlives the age of its connection ends in peace', async (t) => {
  const clock = new FakeClock()
  let finish = () => {}
  const server = await countingServer(
    t,
    (_request, response) => {
      response.write('be')
      finish = () => response.end('gun')
    },
    { clock },
  )
  const pool = newPool(t, server.origin, { clock, maxAge: 1000, jitter: 0, random: () => 0 })
  t.after(() => pool.destroy())
  const { outcome, started } = dispatch(pool)
  await started
  await until(() => server.connections[0]?.requests === 1)
  clock.advance(340)
  await until(() => pool.stats.opened === 2)
  clock.advance(100)
  assert.deepEqual([pool.stats.active, pool.stats.retiring], [0, 1])
  finish()
  assert.equal((await outcome).body, 'begun')
  await until(() => server.open === 1)
  assert.equal(pool.stats.closed.max_age, 1)
})

perDriver(
  'the old connection serves on for a bounded time while its successor cannot be dialled',
  async (t) => {
    const { clock, server, pool } = await setUp(t, { maxAge: 1000 })
    await send(pool)
    server.stopListening()
    // 382 ms are drawn; 5 s is the least overtime.
    for (let i = 0; i < 50; i++) {
      clock.advance(100)
      assert.equal((await send(pool)).statusCode, 200)
      await until(() => pool.stats.dialing === 0)
    }
    assert.ok(pool.stats.failedDials >= 5)
    assert.equal(server.connections[0]!.requests, 51)
    clock.advance(500)
    assert.equal((await send(pool)).error?.code, 'ECONNREFUSED')
    assert.equal(pool.stats.closed.max_age, 1)
  },
)

perDriver(
  'connections that are born together leave one by one, never more than the cap in a second',
  async (t) => {
    const clock = new FakeClock()
    const held: (() => void)[] = []
    const server = await countingServer(t, (_request, response) => held.push(() => response.end()), { clock })
    const pool = newPool(t, server.origin, { clock, maxAge: 20_000, idleTimeout: 0 })
    t.after(() => pool.destroy())
    const count = 20
    const burst = async () => {
      const sent = Array.from({ length: count }, () => send(pool))
      await until(() => held.length === count)
      for (const release of held.splice(0)) release()
      for (const { error } of await Promise.all(sent)) assert.equal(error, undefined)
    }
    const closedIn: number[] = []
    for (let second = 0; second < 60; second++) {
      const before = pool.stats.closed.max_age
      await burst()
      clock.advance(1000)
      await until(() => pool.stats.dialing === 0 && server.open === pool.stats.total)
      closedIn.push(pool.stats.closed.max_age - before)
    }
    const total = closedIn.reduce((sum, n) => sum + n, 0)
    assert.ok(total >= 2 * count, `${total} were closed`)
    // 2 * 20 connections / 20 s; one that was announced and one at its deadline may fall together.
    assert.ok(Math.max(...closedIn) <= 4, closedIn.join(' '))
    assert.equal(pool.stats.closed.max_age, total)
  },
)

perDriver('a limit of 0 is no limit', async (t) => {
  const { clock, server, pool } = await setUp(t, { maxAge: 0, maxRequests: 0, idleTimeout: 0 })
  for (let i = 0; i < 20; i++) {
    await send(pool)
    clock.advance(100_000_000)
  }
  assert.equal(server.connections.length, 1)
  assert.equal(pool.stats.active + pool.stats.idle, 1)
})
