import assert from 'node:assert/strict'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { newPool, perDriver } from './per-driver.ts'
import { send } from './send.ts'

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
