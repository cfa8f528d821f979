import assert from 'node:assert/strict'
import { constants, type ServerHttp2Stream } from 'node:http2'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { TrackedExchange } from '../tracked-exchange.ts'
import { type H2Server, h2Server } from './h2-server.ts'

const max = 3
const maxStreams = 4
const maxRequests = 6
const jitter = 0.2

function pick<T>(items: T[], n: number): T | undefined {
  return items[n % Math.max(1, items.length)]
}

class World {
  readonly clock = new FakeClock()
  readonly exchanges: TrackedExchange[] = []
  readonly held: ServerHttp2Stream[] = []
  readonly server: H2Server
  readonly pool: Http2Pool

  constructor(server: H2Server, held: ServerHttp2Stream[], random: () => number) {
    this.server = server
    this.held = held
    const limits = { max, maxStreams, maxRequests, maxAge: 1000, jitter, idleTimeout: 700, connectTimeout: 0 }
    this.pool = new Http2Pool(server.origin, { ...limits, clock: this.clock, random })
  }

  send(n: number): void {
    const exchange = new TrackedExchange()
    this.exchanges.push(exchange)
    const body = n % 3 === 0 ? 'payload' : null
    this.pool.dispatch({ path: '/', method: body === null ? 'GET' : 'POST', body }, exchange)
  }

  answer(n: number): void {
    const [stream] = this.held.splice(n % Math.max(1, this.held.length), 1)
    if (stream === undefined || stream.destroyed || stream.closed) return
    stream.respond()
    stream.end('a'.repeat(n * 1000))
  }

  check(): void {
    const { stats } = this.pool
    for (const count of [stats.active, stats.idle, stats.retiring, stats.dialing, stats.pending]) {
      assert.ok(count >= 0)
    }
    assert.ok(stats.total <= max)
    assert.equal(stats.opened, stats.total - stats.dialing + sum(Object.values(stats.closed)))
    for (const { requests, peak } of this.server.sessions) {
      assert.ok(requests <= maxRequests * (1 + jitter))
      assert.ok(peak <= maxStreams)
    }
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const steps: Record<string, [weight: number, (world: World, n: number) => unknown]> = {
  send: [12, (world, n) => world.send(n)],
  sendMany: [1, (world, n) => Array.from({ length: n }, (_, nth) => world.send(nth))],
  answer: [12, (world, n) => world.answer(n)],
  refuse: [2, ({ held }, n) => pick(held, n)?.close(constants.NGHTTP2_REFUSED_STREAM)],
  reset: [2, ({ held }, n) => pick(held, n)?.destroy()],
  goaway: [1, ({ server }, n) => pick(server.sessions, n)?.session.close()],
  goawayBadly: [1, ({ server }, n) => pick(server.sessions, n)?.session.destroy(undefined, n % 3)],
  cut: [1, ({ server }, n) => pick(server.sessions, n)?.socket.destroy()],
  fewer: [
    1,
    ({ server }, n) => {
      const session = pick(server.sessions, n)?.session
      if (session?.destroyed === false) session.settings({ maxConcurrentStreams: n % 6 })
    },
  ],
  abort: [2, ({ exchanges }, n) => pick(exchanges, n)?.abort()],
  pause: [2, ({ exchanges }, n) => pick(exchanges, n)?.pause()],
  resume: [2, ({ exchanges }, n) => pick(exchanges, n)?.resume()],
  withdraw: [
    1,
    ({ pool, exchanges }, n) => {
      const exchange = pick(exchanges, n)
      if (exchange !== undefined && pool.withdraw(exchange)) exchange.isWithdrawn = true
    },
  ],
  retire: [1, ({ pool }) => pool.retire()],
  restore: [4, ({ pool }) => pool.restore()],
  pass: [6, ({ clock }, n) => clock.advance(n * 20)],
}

const script = fc.array(
  fc.tuple(
    fc.oneof(...Object.entries(steps).map(([name, [weight]]) => ({ weight, arbitrary: fc.constant(name) }))),
    fc.nat({ max: 20 }),
    fc.boolean(),
  ),
  { minLength: 10, maxLength: 120, size: 'max' },
)

async function play(
  t: TestContext,
  commands: [string, number, boolean][],
  inPeace: boolean,
  seed: number,
): Promise<void> {
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const held: ServerHttp2Stream[] = []
  const server = await h2Server(t, (stream) => held.push(stream))
  const world = new World(server, held, random)
  const { pool, exchanges, clock } = world
  for (const [name, n, isPause] of commands) {
    steps[name]![1](world, n)
    // Without the pause the next step falls into the midst of this one.
    if (isPause) await settle()
    world.check()
  }

  let isClosed = false
  const end = (inPeace ? pool.close() : pool.destroy()).then(() => {
    isClosed = true
  })
  await until(() => {
    for (const { session } of server.sessions) {
      if (!session.destroyed && !isClosed) session.settings({ maxConcurrentStreams: 10 })
    }
    for (const exchange of exchanges) exchange.resume()
    while (held.length > 0) world.answer(1)
    clock.advance(50)
    return isClosed
  })
  await end
  for (const exchange of exchanges) exchange.resume()
  for (const exchange of exchanges) assert.equal(exchange.ends + Number(exchange.isWithdrawn), 1)
  assert.deepEqual([pool.stats.total, pool.stats.pending, clock.pending], [0, 0, 0])
  await until(() => server.open === 0)
  server.close()
}

test('whatever happens: never over max or a limit, every request ends once, and nothing is left', async (t) => {
  const property = fc.asyncProperty(script, fc.boolean(), fc.nat(), (commands, inPeace, seed) =>
    play(t, commands, inPeace, seed),
  )
  await fc.assert(property, { numRuns: 60 })
})
