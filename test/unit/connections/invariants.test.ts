import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import type { RecyclingPool } from '../../../src/connections/recycling-pool.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { MemoryServer } from './memory-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { TrackedExchange } from './tracked-exchange.ts'

const max = 4
const maxRequests = 5
const maxAge = 1000
const jitter = 0.2
/** The least that a connection serves on while its successor cannot be dialled. */
const overtime = 5000

function pick<T>(items: T[], n: number): T | undefined {
  return items[n % Math.max(1, items.length)]
}

class World {
  readonly clock = new FakeClock()
  readonly server = new MemoryServer(this.clock)
  readonly pool: RecyclingPool
  readonly exchanges: TrackedExchange[] = []
  readonly tunnels: { destroy(): void }[] = []

  constructor(t: TestContext, random: () => number) {
    const { clock, server } = this
    const limits = { max, maxRequests, maxAge, jitter, idleTimeout: 700, minIdle: 1 }
    this.pool = newPool(t, 'http://memory.example', { ...limits, clock, random, dial: server.dial })
  }

  send(): void {
    const exchange = new TrackedExchange()
    this.exchanges.push(exchange)
    this.pool.dispatch({ path: '/', method: 'GET' }, exchange)
  }

  check(): void {
    const { pool, server } = this
    const { active, idle, retiring, dialing, pending, opened, closed, tunnels } = pool.stats
    for (const count of [active, idle, retiring, dialing, pending, tunnels]) assert.ok(count >= 0)
    assert.equal(active + idle + retiring, server.open.length)
    assert.equal(dialing, server.dialing)
    assert.ok(pool.stats.total <= max)
    assert.equal(opened, server.open.length + Object.values(closed).reduce((sum, n) => sum + n, 0))
    const waiting = this.exchanges.filter(({ isOver, hasStarted }) => !isOver && !hasStarted)
    assert.equal(pending, waiting.length)
    for (const connection of server.connections) {
      assert.ok(connection.unanswered <= 1)
      assert.ok(connection.requests <= maxRequests * (1 + jitter))
      assert.ok(connection.lastRequestAt - connection.bornAt <= maxAge * (1 + jitter) + overtime)
    }
    if (waiting.length > 0) assert.ok(dialing > 0 || active + retiring > 0, 'a request waits for nothing')
  }
}

/** Long enough for a request to be written, read and answered in memory. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const n = fc.nat({ max: 20 })
type Step = [weight: number, (world: World, n: number) => unknown]
const steps: Record<string, Step> = {
  send: [12, (world) => world.send()],
  sendMany: [1, (world, n) => Array.from({ length: n }, () => world.send())],
  accept: [8, ({ server }, n) => server.accept(n)],
  refuse: [2, ({ server }, n) => server.refuse(n)],
  answer: [8, ({ server }, n) => pick(server.open, n)?.answer()],
  answerAll: [10, ({ server }) => server.open.map((connection) => connection.answer())],
  answerLast: [1, (world, n) => pick(world.server.open, n)?.answer('Connection: close\r\n')],
  answerBriefly: [1, (world, n) => pick(world.server.open, n)?.answer('Keep-Alive: timeout=1\r\n')],
  end: [2, (world, n) => pick(world.server.open, n)?.end()],
  reset: [2, (world, n) => pick(world.server.open, n)?.reset()],
  abort: [2, (world, n) => pick(world.exchanges, n)?.abort()],
  withdraw: [
    1,
    (world, n) => {
      const exchange = pick(world.exchanges, n)
      if (exchange !== undefined && world.pool.withdraw(exchange)) exchange.isWithdrawn = true
    },
  ],
  tunnel: [
    1,
    ({ pool, tunnels }) => {
      pool.connectSocket().then(
        (socket) => tunnels.push(socket),
        () => {},
      )
    },
  ],
  endTunnel: [1, ({ tunnels }) => tunnels.pop()?.destroy()],
  retire: [1, ({ pool }) => pool.retire()],
  restore: [4, ({ pool }) => pool.restore()],
  pass: [6, ({ clock }, n) => clock.advance(n * 20)],
}

const script = fc.array(
  fc.tuple(
    fc.oneof(...Object.entries(steps).map(([name, [weight]]) => ({ weight, arbitrary: fc.constant(name) }))),
    n,
    fc.boolean(),
  ),
  { minLength: 10, maxLength: 150, size: 'max' },
)

perDriver(
  'whatever happens: never over max or a limit, every request ends once, and nothing is left',
  async (t) => {
    const property = fc.asyncProperty(script, fc.boolean(), fc.nat(), async (commands, inPeace, seed) => {
      let state = seed
      const random = () => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31
        return state / 2 ** 31
      }
      const world = new World(t, random)
      const { pool, server, exchanges, tunnels } = world
      for (const [name, n, isPause] of commands) {
        steps[name]![1](world, n)
        // Without the pause the next step falls into the midst of this one.
        if (!isPause) continue
        await settle()
        world.check()
      }
      await settle()
      world.check()

      let isClosed = false
      const end = (inPeace ? pool.close() : pool.destroy()).then(() => {
        isClosed = true
      })
      for (let turn = 0; turn < 200 && !isClosed; turn++) {
        while (server.dialing > 0) server.accept(0)
        for (const connection of server.open) connection.answer()
        for (const tunnel of tunnels.splice(0)) tunnel.destroy()
        await settle()
      }
      assert.ok(isClosed, 'the pool does not close')
      await end
      await settle()
      for (const exchange of exchanges) assert.equal(exchange.ends + Number(exchange.isWithdrawn), 1)
      assert.deepEqual([pool.stats.total, pool.stats.pending, pool.stats.tunnels], [0, 0, 0])
      assert.equal(server.open.length, 0)
      assert.equal(world.clock.pending, 0)
    })
    await fc.assert(property, { numRuns: 150 })
  },
)
