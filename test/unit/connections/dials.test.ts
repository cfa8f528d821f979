import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { until } from './counting-server.ts'
import { MemoryServer } from './memory-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

function setUp(t: TestContext, options: RecyclingPoolOptions = {}) {
  const clock = new FakeClock()
  const server = new MemoryServer(clock)
  const pool = newPool(t, 'http://memory.example', { clock, dial: server.dial, ...options })
  t.after(() => pool.destroy())
  /** Answers whatever has come until so many have. */
  const answer = async (count: number) => {
    for (let answered = 0; answered < count; ) {
      await until(() => server.open.some(({ unanswered }) => unanswered > 0))
      for (const connection of server.open) {
        answered += connection.unanswered
        connection.answer()
      }
    }
  }
  return { clock, server, pool, answer }
}

perDriver(
  'a burst sets up an eighth of the connections at once, and the next as each is ready',
  async (t) => {
    const { server, pool, answer } = setUp(t, { max: 128 })
    const sent = Array.from({ length: 100 }, () => send(pool))
    assert.deepEqual([server.dialing, pool.stats.pending], [16, 100])
    for (let ready = 1; ready <= 100; ready++) {
      server.accept(0)
      assert.equal(server.dialing, Math.min(16, 100 - ready))
    }
    await answer(100)
    assert.ok((await Promise.all(sent)).every(({ statusCode }) => statusCode === 200))
    assert.equal(pool.stats.opened, 100)
  },
)

perDriver('a small pool sets up eight at once', (t) => {
  const { server, pool } = setUp(t, { max: 20 })
  for (let request = 0; request < 20; request++) void send(pool)
  assert.equal(server.dialing, 8)
})

perDriver('who waits takes what becomes free first, and no more is dialled for it', async (t) => {
  const { server, pool, answer } = setUp(t, { max: 128 })
  const sent = Array.from({ length: 100 }, () => send(pool))
  server.accept(0)
  assert.equal(server.dialing, 16)
  // One connection answers them all while the others are being set up.
  await answer(100)
  assert.ok((await Promise.all(sent)).every(({ connection }) => connection?.id === 1))
  assert.equal(server.dialing, 16)
  while (server.dialing > 0) server.accept(0)
  assert.equal(pool.stats.opened, 17)
})

perDriver('warm connections are set up no faster, and all of them at once after another', (t) => {
  const { server, pool } = setUp(t, { max: 64, minIdle: 20 })
  assert.equal(server.dialing, 8)
  for (let ready = 1; ready <= 20; ready++) {
    server.accept(0)
    assert.equal(server.dialing, Math.min(8, 20 - ready))
  }
  assert.equal(pool.stats.idle, 20)
})

perDriver('sockets for tunnels are set up no faster, and each gets its own', async (t) => {
  const { server, pool } = setUp(t, { max: 64 })
  const tunnels = Array.from({ length: 20 }, () => pool.connectSocket())
  for (let ready = 0; ready < 20; ready++) {
    assert.equal(server.dialing, Math.min(8, 20 - ready))
    server.accept(0)
  }
  assert.equal(new Set(await Promise.all(tunnels)).size, 20)
  assert.equal(pool.stats.tunnels, 20)
})

perDriver(
  'where a server that lives takes no more connections, who waits for one is not kept waiting',
  async (t) => {
    const { server, pool, answer } = setUp(t, { max: 128 })
    const first = send(pool)
    server.accept(0)
    await until(() => server.open.some(({ unanswered }) => unanswered > 0))
    const errors: string[] = []
    for (let request = 0; request < 50; request++) {
      void send(pool).then(({ error }) => errors.push(error?.message ?? 'none'))
    }
    // As long as it takes to fail twice, not once for each eighth.
    for (let time = 0; time < 2; time++) {
      for (let { dialing } = server; dialing > 0; dialing--) server.refuse(0)
    }
    await until(() => errors.length === 50)
    assert.ok(errors.every((message) => message === 'refused'))
    await answer(1)
    assert.equal((await first).statusCode, 200)
  },
)

perDriver('warm connections that are set up together do not leave together', async (t) => {
  const { clock, server, pool } = setUp(t, { max: 64, minIdle: 8, maxAge: 1000, jitter: 0, random: () => 0 })
  while (server.dialing > 0) server.accept(0)
  const first = [...server.connections]
  const open: number[] = []
  for (let time = 0; time < 1000; time += 100) {
    await clock.advanceAsync(100)
    while (server.dialing > 0) server.accept(0)
    open.push(first.filter(({ isOpen }) => isOpen).length)
  }
  assert.ok(
    open[4]! <= 6 && open[4]! >= 2,
    `of eight, ${open} were left from one tenth of the age to the next`,
  )
  assert.ok(pool.stats.idle >= 8)
})
