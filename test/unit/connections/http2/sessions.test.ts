import assert from 'node:assert/strict'
import type { ServerHttp2Stream } from 'node:http2'
import test, { type TestContext } from 'node:test'
import type { Http2PoolOptions } from '../../../../src/connections/http2/http2-options.ts'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { send } from '../send.ts'
import { type H2ServerOptions, h2Server } from './h2-server.ts'

/** A pool and a server whose answers wait for `answer`, but for those to `/now`. */
async function setUp(t: TestContext, options: Http2PoolOptions, serverOptions: H2ServerOptions = {}) {
  const clock = new FakeClock()
  const held: ServerHttp2Stream[] = []
  const server = await h2Server(
    t,
    (stream, headers) => {
      if (headers[':path'] !== '/now') held.push(stream)
      else {
        stream.respond()
        stream.end('ok')
      }
    },
    { clock, ...serverOptions },
  )
  const pool = new Http2Pool(server.origin, { clock, jitter: 0, random: () => 0, ...options })
  t.after(() => pool.destroy())
  const answer = (most = Number.POSITIVE_INFINITY) => {
    for (const stream of held.splice(0, most)) {
      stream.respond()
      stream.end('ok')
    }
  }
  return { clock, server, pool, held, answer, now: () => send(pool, { path: '/now' }) }
}

test('requests share a session up to the limit of the pool, and the next one opens another', async (t) => {
  const { server, pool, held, answer } = await setUp(t, { maxStreams: 3 })
  const sent = Array.from({ length: 7 }, () => send(pool))
  await until(() => held.length === 7)
  assert.deepEqual(
    server.sessions.map(({ running }) => running),
    [3, 3, 1],
  )
  assert.deepEqual([pool.stats.active, pool.stats.pending], [3, 0])
  answer()
  assert.ok((await Promise.all(sent)).every(({ body }) => body === 'ok'))
})

test("never are there more streams than the server's SETTINGS allow, nor more sessions than max", async (t) => {
  const { server, pool, held, answer } = await setUp(t, { max: 2 }, { settings: { maxConcurrentStreams: 2 } })
  const sent = Array.from({ length: 9 }, () => send(pool))
  await until(() => held.length === 4)
  assert.equal(pool.stats.pending, 5)
  while (server.sessions.reduce((sum, { requests }) => sum + requests, 0) < 9 || held.length > 0) {
    answer(1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok((await Promise.all(sent)).every(({ statusCode }) => statusCode === 200))
  assert.deepEqual(
    server.sessions.map(({ peak }) => peak),
    [2, 2],
  )
})

test('a server that changes its mind about streams is followed', async (t) => {
  const { server, pool, held, answer } = await setUp(t, { max: 1 }, { settings: { maxConcurrentStreams: 1 } })
  const sent = Array.from({ length: 4 }, () => send(pool))
  await until(() => held.length === 1)
  server.sessions[0]!.session.settings({ maxConcurrentStreams: 3 })
  await until(() => held.length === 3)
  assert.equal(pool.stats.pending, 1)
  answer()
  await until(() => held.length === 1)
  answer()
  await Promise.all(sent)
})

test('sessions are taken in turn', async (t) => {
  const { server, pool, held, answer, now } = await setUp(t, { maxStreams: 2 })
  const sent = Array.from({ length: 6 }, () => send(pool))
  await until(() => held.length === 6)
  answer()
  await Promise.all(sent)
  for (let i = 0; i < 30; i++) await now()
  assert.deepEqual(
    server.sessions.map(({ requests }) => requests),
    [12, 12, 12],
  )
})

test('a session closes with GOAWAY after its last allowed request', async (t) => {
  const { server, pool, now } = await setUp(t, { maxRequests: 5 })
  for (let i = 0; i < 12; i++) assert.equal((await now()).statusCode, 200)
  await until(() => server.open === pool.stats.active + pool.stats.idle)
  const full = server.sessions.filter(({ requests }) => requests === 5)
  assert.equal(full.length, 2)
  assert.ok(full.every(({ hasLeave, closedAt }) => hasLeave && closedAt !== undefined))
  assert.equal(pool.stats.closed.max_requests, 2)
})

test('the successor is there before the last request of a session', async (t) => {
  const { server, pool, now } = await setUp(t, { maxRequests: 10 })
  for (let i = 0; i < 8; i++) await now()
  await until(() => server.sessions.length === 2)
  assert.equal(server.open, 2)
  for (let i = 0; i < 2; i++) await now()
  assert.equal(pool.stats.pending, 0)
})

test('a session that retires takes no new streams, and those that run end in peace', async (t) => {
  const { clock, server, pool, held, answer, now } = await setUp(t, { maxAge: 1000 })
  const long = send(pool)
  await until(() => held.length === 1)
  // The first session draws its deadline from the whole age; random 0 and one golden step give 382 ms.
  clock.advance(320)
  await until(() => pool.stats.opened === 2)
  assert.deepEqual([pool.stats.retiring, pool.stats.idle], [1, 1])
  for (let i = 0; i < 5; i++) await now()
  assert.deepEqual(
    server.sessions.map(({ requests }) => requests),
    [1, 5],
  )
  clock.advance(200)
  assert.equal(server.sessions[0]!.hasLeave, false)
  answer()
  assert.equal((await long).body, 'ok')
  await until(() => server.open === 1)
  assert.equal(server.sessions[0]!.hasLeave, true)
  await until(() => pool.stats.closed.max_age === 1)
})
