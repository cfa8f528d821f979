import assert from 'node:assert/strict'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { closedPort, countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { dispatch, send } from './send.ts'

perDriver('a refused connection fails the request with its own code, before it has started', async (t) => {
  const pool = newPool(t, `http://127.0.0.1:${await closedPort()}`)
  t.after(() => pool.destroy())
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => send(pool)))
  for (const { error, started } of outcomes) {
    assert.deepEqual([error?.code, started], ['ECONNREFUSED', false])
  }
  assert.deepEqual([pool.stats.total, pool.stats.pending, pool.stats.opened], [0, 0, 0])
  assert.ok(pool.stats.failedDials >= 1)
})

perDriver('a name that does not resolve fails with the resolver code', async (t) => {
  const pool = newPool(t, 'http://no-such-host.invalid:1')
  t.after(() => pool.destroy())
  const { error, started } = await send(pool)
  assert.match(error?.code ?? '', /^E(NOTFOUND|AI_AGAIN)$/)
  assert.equal(started, false)
})

perDriver('a server that does not accept in time fails every request that waited for it', async (t) => {
  const clock = new FakeClock()
  const cancelled: number[] = []
  const pool = newPool(t, 'http://127.0.0.1:1', {
    clock,
    max: 2,
    dial: (callback) => {
      const timer = clock.setTimeout(() => callback(new Error('too slow'), undefined), 2000)
      return { cancel: () => cancelled.push(clock.clearTimeout(timer) as unknown as number) }
    },
  })
  t.after(() => pool.destroy())
  const sent = Array.from({ length: 10 }, () => send(pool))
  assert.deepEqual([pool.stats.dialing, pool.stats.pending], [2, 10])
  await clock.advanceAsync(2000)
  for (const { error } of await Promise.all(sent)) assert.equal(error?.message, 'too slow')
  assert.equal(pool.stats.pending, 0)
})

perDriver('the time for a connection is limited', async (t) => {
  const clock = new FakeClock()
  // An address that is reserved for documentation: nobody answers, or the network says at once that nobody can.
  const pool = newPool(t, 'http://192.0.2.1:9', { clock, connectTimeout: 250 })
  t.after(() => pool.destroy())
  const sent = send(pool)
  await clock.advanceAsync(250)
  const { error, started } = await sent
  assert.match(error?.code ?? '', /^(UND_ERR_CONNECT_TIMEOUT|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED)$/)
  assert.equal(started, false)
})

perDriver('a request that undici refuses leaves the connection to others', async (t) => {
  const server = await countingServer(t)
  const pool = newPool(t, server.origin, { maxRequests: 3, jitter: 0 })
  t.after(() => pool.destroy())
  await send(pool)
  for (let i = 0; i < 5; i++) {
    const { error, started } = await send(pool, { path: 'no slash' })
    assert.deepEqual([error?.code, started], ['UND_ERR_INVALID_ARG', false])
  }
  await send(pool)
  assert.deepEqual([server.connections.length, server.connections[0]!.requests], [1, 2])
})

perDriver('a handler that throws at the start fails its own request and nobody else', async (t) => {
  const server = await countingServer(t)
  const pool = newPool(t, server.origin)
  t.after(() => pool.destroy())
  const failure = new Promise<Error>((resolve) => {
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
  })
  assert.equal((await failure).message, 'not today')
  assert.equal((await send(pool)).body, 'ok')
  await until(() => pool.stats.total === 1)
})

perDriver('when all connections are in use, so many requests wait and the next is refused', async (t) => {
  const held: (() => void)[] = []
  const server = await countingServer(t, (_request, response) => held.push(() => response.end('ok')))
  const pool = newPool(t, server.origin, { max: 2, maxQueue: 3 })
  t.after(() => pool.destroy())
  const sent = Array.from({ length: 6 }, () => send(pool))
  assert.equal((await sent[5]!).error?.code, 'HEADGATE_QUEUE_FULL')
  for (let answered = 0; answered < 5; answered += held.splice(0).map((end) => end()).length) {
    await until(() => held.length > 0)
  }
  for (const outcome of sent.slice(0, 5)) assert.equal((await outcome).body, 'ok')
  assert.equal(server.peak, 2)
})

perDriver('a request that waits can be withdrawn, and hears nothing more', async (t) => {
  const server = await countingServer(t, () => {})
  const pool = newPool(t, server.origin, { max: 1 })
  t.after(() => pool.destroy())
  const first = dispatch(pool)
  await first.started
  const second = dispatch(pool)
  assert.equal(pool.stats.pending, 1)
  assert.equal(pool.withdraw(second.handler), true)
  assert.equal(pool.withdraw(second.handler), false)
  assert.equal(pool.withdraw(first.handler), false)
  assert.equal(pool.stats.pending, 0)
})

perDriver('says when there is room again', async (t) => {
  const server = await countingServer(t)
  const pool = newPool(t, server.origin, { max: 1 })
  t.after(() => pool.destroy())
  const drained = new Promise<void>((resolve) => pool.once('drain', () => resolve()))
  const { outcome } = dispatch(pool)
  await drained
  await outcome
})
