import assert from 'node:assert/strict'
import type { ConnectionEvent } from '../../src/connections/pool-options.ts'
import { until } from '../unit/connections/counting-server.ts'
import { dispatch, send } from '../unit/connections/send.ts'
import { exact, perKind, type Subject } from './pool-kinds.ts'

/** Sends as many requests at once, and lets none end before all that may run have arrived. */
async function burst({ pool, held, answer }: Subject, count: number, most = count): Promise<void> {
  const sent = Array.from({ length: count }, () => send(pool))
  for (let answered = 0; answered < count; ) {
    await until(() => held() === Math.min(most, count - answered))
    answered += held()
    answer()
  }
  for (const { error } of await Promise.all(sent)) assert.equal(error, undefined)
  await until(() => pool.stats.idle === pool.stats.total)
}

/** One connection that is idle, and one that carries a request without an answer. */
async function idleAndActive(subject: Subject) {
  const { pool, held, answer } = subject
  const both = [send(pool), send(pool)]
  await until(() => held() === 2)
  answer(1)
  await Promise.race(both)
  await until(() => pool.stats.idle === 1 && pool.stats.active === 1)
  return Promise.all(both)
}

// Demand.

perKind('has as many connections as requests run at once, and never more than max', async (t, open) => {
  const subject = await open(t, { max: 5, maxAge: 0 })
  await burst(subject, 3)
  assert.equal(subject.server.open, 3)
  await burst(subject, 20, 5)
  assert.deepEqual([subject.server.open, subject.server.peak, subject.pool.stats.opened], [5, 5, 5])
})

perKind('uses connections in turn, so that they carry alike', async (t, open) => {
  const subject = await open(t, { maxAge: 0 })
  await burst(subject, 6)
  for (let i = 0; i < 30; i++) await subject.now()
  assert.deepEqual(
    subject.seen().map(({ requests }) => requests),
    [6, 6, 6, 6, 6, 6],
  )
})

perKind('although all are used in turn, their number follows the demand down', async (t, open) => {
  const subject = await open(t, { maxAge: 0, idleTimeout: 10_000 })
  const { clock, pool, server } = subject
  await burst(subject, 16)
  for (let second = 0; second < 9; second++) {
    await burst(subject, 2)
    clock.advance(1000)
  }
  assert.equal(pool.stats.total, 16)
  for (let second = 0; second < 16; second++) {
    await burst(subject, 2)
    clock.advance(1000)
    await until(() => pool.stats.retiring === 0)
  }
  await until(() => server.open === 2 && pool.stats.closed.idle === 14)
})

perKind('a burst after a lull leaves its connections to the idle timeout', async (t, open) => {
  const subject = await open(t, { maxAge: 0, idleTimeout: 10_000 })
  const { clock, pool, server } = subject
  await burst(subject, 1)
  clock.advance(60_000)
  await until(() => pool.stats.total === 0)
  clock.advance(60_000)
  await burst(subject, 6)
  for (let step = 0; step < 8; step++) clock.advance(1000)
  assert.equal(pool.stats.total, 6)
  clock.advance(3000)
  await until(() => server.open === 0)
})

perKind('without traffic all are gone after the idle timeout, but for the warm ones', async (t, open) => {
  const subject = await open(t, { maxAge: 0, idleTimeout: 10_000, minIdle: 2 })
  const { clock, pool, server } = subject
  await until(() => server.open === 2)
  await burst(subject, 6)
  await until(() => pool.stats.idle >= 6 && pool.stats.dialing === 0)
  clock.advance(11_000)
  await until(() => server.open === 2 && pool.stats.total === 2)
  assert.equal(pool.stats.closed.idle, pool.stats.opened - 2)
})

perKind(
  'a warm connection that is lost is dialled again, ever more rarely while that fails',
  async (t, open) => {
    const { clock, pool, server } = await open(t, { maxAge: 0, minIdle: 1 })
    await until(() => server.open === 1)
    server.close()
    await until(() => pool.stats.total === 0)
    for (let second = 0; second < 60; second++) {
      clock.advance(1000)
      await until(() => pool.stats.dialing === 0)
    }
    assert.equal(pool.stats.closed.remote, 1)
    assert.ok(pool.stats.failedDials >= 4 && pool.stats.failedDials <= 8, String(pool.stats.failedDials))
  },
)

perKind('an empty pool starts no timer and keeps none', async (t, open) => {
  const subject = await open(t, { maxAge: 0, idleTimeout: 5000 })
  const { clock, pool } = subject
  assert.equal(clock.pending, 0)
  await burst(subject, 1)
  assert.ok(clock.pending > 0)
  clock.advance(7000)
  await until(() => pool.stats.total === 0)
  assert.equal(clock.pending, 0)
})

// Limits.

perKind('no connection carries more requests than its own number within the jitter', async (t, open) => {
  const { pool, now, seen } = await open(t, { maxRequests: 10, jitter: 0.2, maxAge: 0 })
  for (let i = 0; i < 200; i++) assert.equal((await now()).statusCode, 200)
  await until(() => pool.stats.retiring === 0)
  const full = seen().filter(({ closedAt }) => closedAt !== undefined)
  assert.equal(full.length, pool.stats.closed.max_requests)
  assert.ok(full.length >= 200 / 12 - 1)
  for (const { requests } of full) assert.ok(requests >= 8 && requests <= 12, `${requests}`)
})

perKind('a limit of 0 is no limit', async (t, open) => {
  const { clock, pool, now, seen } = await open(t, { maxAge: 0, maxRequests: 0, idleTimeout: 0 })
  for (let i = 0; i < 20; i++) {
    await now()
    clock.advance(1_000_000)
  }
  assert.equal(seen().length, 1)
  assert.equal(pool.stats.active + pool.stats.idle, 1)
})

perKind('an idle connection goes at its age without traffic, and nobody takes its place', async (t, open) => {
  const { clock, pool, now, server, seen } = await open(t, { ...exact, maxAge: 10_000, idleTimeout: 10_000 })
  await now()
  clock.advance(9000)
  await until(() => server.open === 0 && pool.stats.closed.max_age === 1)
  assert.deepEqual([pool.stats.total, seen().length], [0, 1])
})

perKind('no request starts past an age, even before a sweep has seen it', async (t, open) => {
  const { clock, pool, now, seen } = await open(t, { ...exact, maxAge: 100_000, idleTimeout: 0 })
  await now()
  // The clock leaps without firing timers: as after a pause of the whole process.
  const leapt = clock.now() + 100_000
  t.mock.method(clock, 'now', () => leapt)
  assert.equal((await now()).connection?.id, 2)
  assert.equal(seen()[0]!.requests, 1)
  await until(() => pool.stats.closed.max_age === 1)
})

perKind('a request that outlives its connection ends in peace, beside the successor', async (t, open) => {
  const { clock, pool, server, held, answer } = await open(t, { ...exact, maxAge: 1000 })
  const { outcome } = dispatch(pool)
  await until(() => held() === 1)
  clock.advance(340)
  await until(() => pool.stats.opened === 2)
  clock.advance(100)
  assert.deepEqual([pool.stats.active, pool.stats.retiring], [0, 1])
  answer()
  assert.equal((await outcome).body, 'ok')
  await until(() => server.open === 1 && pool.stats.closed.max_age === 1)
})

perKind('serves on for a bounded time while a successor cannot be dialled', async (t, open) => {
  const { clock, pool, now, server, seen } = await open(t, { ...exact, maxAge: 1000, idleTimeout: 10_000 })
  await now()
  server.stopListening()
  // 382 ms are drawn; 5 s is the least overtime.
  for (let i = 0; i < 50; i++) {
    for (let step = 0; step < 5; step++) {
      clock.advance(20)
      await until(() => pool.stats.dialing === 0)
    }
    assert.equal((await now()).statusCode, 200)
  }
  assert.ok(pool.stats.failedDials >= 5)
  assert.equal(seen()[0]!.requests, 51)
  clock.advance(500)
  assert.equal((await now()).error?.code, 'ECONNREFUSED')
  await until(() => pool.stats.closed.max_age === 1)
})

perKind('who was born together leaves one by one, and who was born first leaves first', async (t, open) => {
  const count = 20
  const subject = await open(t, { maxAge: 20_000, idleTimeout: 0 })
  const { clock, pool, server, seen } = subject
  const closedIn: number[] = []
  const leave: number[] = []
  await burst(subject, count)
  for (let step = 0; step < 240; step++) {
    const before = pool.stats.closed.max_age
    await burst(subject, count)
    clock.advance(250)
    await until(() => pool.stats.dialing === 0 && server.open === pool.stats.total)
    closedIn.push(pool.stats.closed.max_age - before)
  }
  for (const [index, { closedAt }] of seen().entries()) {
    if (index >= 2 * count && closedAt !== undefined) leave.push(closedAt)
  }
  const total = closedIn.reduce((sum, n) => sum + n, 0)
  assert.ok(total >= 2 * count, `${total} were closed`)
  // 2 * 20 connections / 20 s; one that was announced and one at its deadline may fall together.
  const perSecond = closedIn.map((_, i) => closedIn.slice(i, i + 4).reduce((sum, n) => sum + n, 0))
  assert.ok(Math.max(...perSecond) <= 4, perSecond.join(' '))
  assert.deepEqual(
    leave,
    leave.toSorted((a, b) => a - b),
  )
  assert.equal(pool.stats.closed.max_age, total)
})

// Failures.

perKind('a connection that cannot be set up fails the request before it has started', async (t, open) => {
  const { pool, server } = await open(t, {})
  server.close()
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => send(pool)))
  for (const { error, started } of outcomes) {
    assert.deepEqual([error?.code, started], ['ECONNREFUSED', false])
  }
  await until(() => pool.stats.total === 0)
  assert.deepEqual([pool.stats.pending, pool.stats.opened], [0, 0])
  assert.ok(pool.stats.failedDials >= 1)
})

perKind('a request that is refused leaves the connection to others', async (t, open) => {
  const { now, seen, pool } = await open(t, { maxRequests: 3, jitter: 0 })
  await now()
  for (let i = 0; i < 5; i++) {
    const { error, started } = await send(pool, { path: 'no slash' })
    assert.deepEqual([error?.code, started], ['UND_ERR_INVALID_ARG', false])
  }
  await now()
  assert.equal(seen()[0]!.requests, 2)
})

perKind('a handler that throws at the start fails its own request and nobody else', async (t, open) => {
  const { pool, now } = await open(t, {})
  const { promise: failure, resolve } = Promise.withResolvers<Error>()
  pool.dispatch(
    { path: '/', method: 'GET' },
    {
      onRequestStart() {
        throw new Error('not today')
      },
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {},
      onResponseError: (_controller, error) => resolve(error),
    },
  )
  assert.equal((await failure).message, 'not today')
  assert.equal((await now()).body, 'ok')
  await until(() => pool.stats.total === 1)
})

perKind('when all are in use, so many requests wait and the next is refused', async (t, open) => {
  const { pool, server, held, answer } = await open(t, { max: 2, maxQueue: 3 })
  const sent = Array.from({ length: 6 }, () => send(pool))
  assert.equal((await sent[5]!).error?.code, 'HEADGATE_QUEUE_FULL')
  for (let answered = 0; answered < 5; ) {
    await until(() => held() > 0)
    answered += held()
    answer()
  }
  for (const outcome of sent.slice(0, 5)) assert.equal((await outcome).body, 'ok')
  assert.equal(server.peak, 2)
})

perKind('a request that waits can be withdrawn, and hears nothing more', async (t, open) => {
  const { pool } = await open(t, { max: 1 })
  const first = dispatch(pool)
  await first.started
  const second = dispatch(pool)
  assert.equal(pool.stats.pending, 1)
  assert.equal(pool.withdraw(second.handler), true)
  assert.equal(pool.withdraw(second.handler), false)
  assert.equal(pool.withdraw(first.handler), false)
  assert.equal(pool.stats.pending, 0)
})

perKind('says when there is room again', async (t, open) => {
  const { pool } = await open(t, { max: 1 })
  const drained = new Promise<void>((resolve) => pool.once('drain', () => resolve()))
  assert.equal(pool.dispatch({ path: '/now', method: 'GET' }, {}), false)
  await drained
})

// Ends.

perKind('retiring closes what is idle now and what is active after its request', async (t, open) => {
  const subject = await open(t, {})
  const running = idleAndActive(subject)
  const { pool, server, answer } = subject
  await until(() => pool.stats.idle === 1)
  pool.retire('server_removed')
  await until(() => server.open === 1 && pool.stats.total === 1)
  assert.deepEqual([pool.stats.active, pool.stats.retiring], [0, 1])
  answer()
  for (const { error } of await running) assert.equal(error, undefined)
  await until(() => pool.stats.closed.server_removed === 2)
})

perKind('a request that comes to a retired pool is served by a connection of its own', async (t, open) => {
  const { pool, now, server, seen } = await open(t, {})
  pool.retire()
  assert.equal((await now()).body, 'ok')
  assert.equal((await now()).body, 'ok')
  await until(() => server.open === 0)
  assert.deepEqual(
    seen().map(({ requests }) => requests),
    [1, 1],
  )
  await until(() => pool.stats.closed.server_removed === 2)
})

perKind('a pool that is restored keeps its connections again', async (t, open) => {
  const { pool, now, server } = await open(t, { minIdle: 1 })
  await until(() => pool.stats.idle === 1)
  pool.retire()
  await until(() => server.open === 0)
  pool.restore()
  await until(() => server.open === 1)
  await now()
  await until(() => pool.stats.idle >= 1 && pool.stats.closed.server_removed === 1)
})

perKind('closing waits for the requests that run and for those that wait', async (t, open) => {
  const { pool, held, answer } = await open(t, { max: 2 })
  const sent = Array.from({ length: 4 }, () => send(pool))
  await until(() => held() === 2)
  let isClosed = false
  const closing = pool.close().then(() => {
    isClosed = true
  })
  assert.deepEqual([pool.closed, pool.destroyed], [true, false])
  assert.equal((await send(pool)).error?.code, 'UND_ERR_CLOSED')
  for (let answered = 0; answered < 4; ) {
    await until(() => held() > 0)
    assert.equal(isClosed, false)
    answered += held()
    answer()
  }
  for (const { body } of await Promise.all(sent)) assert.equal(body, 'ok')
  await closing
  assert.deepEqual([pool.stats.total, pool.stats.closed.shutdown], [0, pool.stats.opened])
  await pool.close()
})

perKind('a removed server keeps its reason when its pool is closed', async (t, open) => {
  const { pool, held, answer } = await open(t, {})
  const running = send(pool)
  await until(() => held() === 1)
  pool.retire('server_removed')
  const closing = pool.close()
  answer()
  await running
  await closing
  assert.deepEqual([pool.stats.closed.server_removed, pool.stats.closed.shutdown], [1, 0])
})

perKind('destroying fails what runs and what waits with the error, and leaves nothing', async (t, open) => {
  const { clock, pool, held } = await open(t, { max: 2 })
  const sent = Array.from({ length: 4 }, () => send(pool))
  await until(() => held() === 2)
  await pool.destroy(new Error('no more'))
  for (const { error } of await Promise.all(sent)) assert.equal(error?.message, 'no more')
  assert.deepEqual([pool.stats.total, pool.stats.pending, pool.stats.closed.shutdown], [0, 0, 2])
  assert.equal(clock.pending, 0)
  assert.equal((await send(pool)).error?.code, 'UND_ERR_DESTROYED')
  assert.equal(pool.destroyed, true)
})

perKind('goes on with the counts of the pool before it, and has what still runs there', async (t, open) => {
  const before = await open(t, {})
  await before.now()
  const running = send(before.pool)
  await until(() => before.held() === 1)
  const { pool, now } = await open(t, { former: before.pool })
  before.pool.retire('server_removed')
  await now()
  assert.deepEqual([pool.stats.opened, pool.stats.idle, pool.stats.retiring], [2, 1, 1])
  before.answer()
  assert.equal((await running).body, 'ok')
  await until(() => pool.stats.closed.server_removed === 1)
  assert.deepEqual([pool.stats.total, pool.stats.requestSum, before.pool.isQuiet()], [1, 2, true])
  await pool.close()
  assert.equal(pool.stats.closed.shutdown, 1)
})

perKind('births and deaths are told as data', async (t, open) => {
  const events: ConnectionEvent[] = []
  const { clock, pool, now } = await open(t, {
    ...exact,
    maxAge: 0,
    maxRequests: 2,
    onEvent: (e) => events.push(e),
  })
  await now()
  clock.advance(100)
  await now()
  await until(() => pool.stats.closed.max_requests === 1)
  assert.deepEqual(events[0], { type: 'opened', id: 1, dialMs: 0, resumed: false })
  assert.deepEqual(
    events.find(({ type }) => type === 'closed'),
    { type: 'closed', id: 1, reason: 'max_requests', ageMs: 100, requests: 2 },
  )
})
