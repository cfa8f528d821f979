import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { countingServer, until } from './counting-server.ts'
import { MemoryServer } from './memory-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

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

perDriver(
  'while its successor is being dialled, a connection serves on for as long as the jitter',
  async (t) => {
    const clock = new FakeClock()
    const server = new MemoryServer(clock)
    const limits = { maxAge: 1000, jitter: 0.2, random: () => 0 }
    const pool = newPool(t, 'http://memory.example', { ...limits, clock, dial: server.dial })
    t.after(() => pool.destroy())
    const sendAt = async (time: number) => {
      clock.advance(time - clock.now())
      const sent = send(pool)
      if (time === 0) server.accept(0)
      await until(() => server.open.some(({ unanswered }) => unanswered > 0))
      for (const connection of server.open) connection.answer()
      return (await sent).connection?.id
    }
    // 382 ms are drawn; a fifth of the age is added.
    for (const time of [0, 200, 350, 500, 575]) assert.equal(await sendAt(time), 1)
    assert.deepEqual([pool.stats.opened, pool.stats.dialing], [1, 1])
    clock.advance(20)
    const late = send(pool)
    assert.equal(pool.stats.pending, 1)
    server.accept(0)
    await until(() => server.open.some(({ unanswered }) => unanswered > 0))
    for (const connection of server.open) connection.answer()
    assert.equal((await late).connection?.id, 2)
  },
)
