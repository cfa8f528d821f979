import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReserveContext } from '../../../src/balance/reservation.ts'
import type { HeadgateError } from '../../../src/errors.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { upstreamOf } from '../../helpers/upstream.ts'

const never = new AbortController().signal

/** One server with so few slots that all are taken, and a way to wait for one and see what came of it. */
function fullUpstream(limits: { queue?: number; queueTimeout?: number } = {}) {
  const made = upstreamOf({ weights: [1], limits: { maxInFlight: 1, ...limits } })
  const held = made.upstream.tryReserve({})!
  const outcomes: string[] = []
  const errors: HeadgateError[] = []
  const wait = (label: string, context: ReserveContext = {}, signal: AbortSignal = never) =>
    made.upstream.wait(context, signal).then(
      (reservation) => {
        outcomes.push(label)
        return reservation
      },
      (error: HeadgateError) => {
        outcomes.push(`${label} ${error.code}`)
        errors.push(error)
        return undefined
      },
    )
  return { ...made, held, outcomes, errors, wait }
}

test('a slot is taken at once, and given back once, however often it is released', () => {
  const { upstream, server } = upstreamOf({ weights: [1] })
  const reservation = upstream.tryReserve({})!
  assert.equal(server('s0').inFlight, 1)
  assert.equal(reservation.waitedMs, 0)
  reservation.release('success', 5)
  reservation.release('server_error', 5)
  assert.equal(server('s0').inFlight, 0)
  assert.equal(upstream.inFlight, 0)
  assert.deepEqual([server('s0').outcomes.success, server('s0').outcomes.server_error], [1, 0])
})

test('no server gets more requests than it has slots', () => {
  const { upstream, server } = upstreamOf({ weights: [5, 1], limits: { maxInFlight: 3 } })
  for (let index = 0; index < 6; index++) assert.ok(upstream.tryReserve({}))
  assert.equal(upstream.tryReserve({}), undefined)
  assert.deepEqual([server('s0').inFlight, server('s1').inFlight], [3, 3])
})

test('those who wait are served first in, first out, and know how long they waited', async () => {
  const { clock, held, outcomes, wait, upstream } = fullUpstream()
  const first = wait('first')
  clock.advance(10)
  const second = wait('second')
  clock.advance(20)
  held.release('success')
  const served = (await first)!
  assert.equal(served.waitedMs, 30)
  assert.equal(upstream.tryReserve({}), undefined)
  served.release('success')
  assert.equal((await second)!.waitedMs, 20)
  assert.deepEqual(outcomes, ['first', 'second'])
})

test('nobody overtakes those who wait', async () => {
  const { upstream, apply, wait } = fullUpstream()
  const waiting = wait('waiting')
  apply([1, 1])
  const reservation = (await waiting)!
  assert.equal(reservation.server.name, 's1')
  assert.equal(upstream.queueDepth, 0)
})

test('beyond its bound the queue refuses at once, and says when to come back', async () => {
  const { errors, outcomes, upstream, wait } = fullUpstream({ queue: 2 })
  void wait('a')
  void wait('b')
  await wait('c')
  assert.deepEqual(outcomes, ['c HEADGATE_QUEUE_FULL'])
  assert.ok(Number.isInteger(errors[0]!.retryAfter) && errors[0]!.retryAfter! >= 1)
  assert.equal(errors[0]!.statusCode, 503)
  assert.equal(upstream.shed.queue_full, 1)
  upstream.close()
})

test('whoever has waited for the timeout is refused', async () => {
  const { clock, errors, outcomes, upstream, wait } = fullUpstream()
  void wait('a')
  await clock.advanceAsync(99)
  assert.deepEqual(outcomes, [])
  await clock.advanceAsync(1)
  assert.deepEqual(outcomes, ['a HEADGATE_QUEUE_TIMEOUT'])
  assert.ok(errors[0]!.retryAfter! >= 1)
  assert.equal(upstream.shed.queue_timeout, 1)
  assert.equal(clock.pending, 0)
})

test('while the queue stands for longer than the timeout, nobody waits for more than half of it', async () => {
  const { clock, outcomes, wait } = fullUpstream()
  const labels: string[] = []
  for (let at = 0; at < 200; at += 10) {
    labels.push(`${at}`)
    void wait(`${at}`)
    await clock.advanceAsync(10)
  }
  // At 100 ms the queue has stood for the timeout: whoever has waited for 50 ms by then goes, the youngest later.
  const refused = outcomes.map((outcome) => Number(outcome.split(' ')[0]))
  assert.deepEqual(
    refused,
    labels.map(Number).filter((at) => at <= 150),
  )
})

test('while the process stands still, nobody waits', async () => {
  const { clock, held, outcomes, upstream, wait } = fullUpstream()
  const first = wait('first')
  clock.standStill(300)
  await clock.advanceAsync(50)
  assert.deepEqual(outcomes, [])
  held.release('success')
  const served = (await first)!
  assert.equal(served.waitedMs, 350, 'what is told is what the client has seen')
  void wait('second')
  await clock.advanceAsync(60)
  clock.standStill(300)
  // The answer that frees the slot may come before the timer does.
  served.release('success')
  await clock.advanceAsync(0)
  assert.deepEqual(outcomes, ['first', 'second'])
  assert.equal(upstream.shed.queue_timeout, 0)
})

test('a queue that stands still again and again is given up all the same', async () => {
  const { clock, outcomes, wait } = fullUpstream()
  void wait('waiting')
  for (let turn = 0; turn < 8; turn++) clock.standStill(300)
  await clock.advanceAsync(0)
  assert.deepEqual(outcomes, [])
  clock.standStill(300)
  await clock.advanceAsync(0)
  assert.deepEqual(outcomes, ['waiting HEADGATE_QUEUE_TIMEOUT'])
})

test('a queue in which somebody waits for less than half of the timeout does not stand, however long it is there', async () => {
  const { clock, held, outcomes, wait } = fullUpstream()
  let serving = held
  let waiting = wait('0')
  for (let turn = 1; turn <= 10; turn++) {
    await clock.advanceAsync(40)
    const next = wait(`${turn}`)
    serving.release('success')
    serving = (await waiting)!
    waiting = next
  }
  await clock.advanceAsync(99)
  assert.equal(outcomes.length, 10)
  await clock.advanceAsync(1)
  assert.deepEqual(outcomes.slice(10), ['10 HEADGATE_QUEUE_TIMEOUT'])
})

test('a queue that has been empty has its full timeout again', async () => {
  const { clock, held, outcomes, wait } = fullUpstream()
  for (let at = 0; at < 120; at += 10) {
    void wait(`${at}`)
    await clock.advanceAsync(10)
  }
  await clock.advanceAsync(60)
  const before = outcomes.length
  assert.equal(before, 12)
  void wait('later')
  await clock.advanceAsync(99)
  assert.equal(outcomes.length, before)
  await clock.advanceAsync(1)
  assert.equal(outcomes.length, before + 1)
  held.release('success')
})

test('a client that leaves while it waits leaves the queue', async () => {
  const { clock, held, outcomes, upstream, wait } = fullUpstream()
  const leaving = new AbortController()
  const gone = wait('gone', {}, leaving.signal)
  const stays = wait('stays')
  leaving.abort()
  await gone
  assert.equal(upstream.queueDepth, 1)
  assert.equal(upstream.abandoned, 1)
  held.release('success')
  await stays
  assert.deepEqual(outcomes, ['gone HEADGATE_CLIENT_GONE', 'stays'])
  assert.equal(clock.pending, 0)
})

test('a client that has left before it waits never enters the queue', async () => {
  const { outcomes, upstream, wait } = fullUpstream()
  await wait('gone', {}, AbortSignal.abort())
  assert.deepEqual(outcomes, ['gone HEADGATE_CLIENT_GONE'])
  assert.equal(upstream.queueDepth, 0)
})

test('a signal that fires after the slot was given takes nothing away', async () => {
  const { held, upstream, wait } = fullUpstream()
  const client = new AbortController()
  const waiting = wait('a', {}, client.signal)
  held.release('success')
  const reservation = (await waiting)!
  client.abort()
  await settle()
  assert.equal(upstream.inFlight, 1)
  reservation.release('aborted')
  assert.equal(upstream.inFlight, 0)
})

test('critical requests go before others, sheddable ones after', async () => {
  const { held, outcomes, wait } = fullUpstream()
  const all = [
    wait('sheddable', { priority: 'sheddable' }),
    wait('normal'),
    wait('critical', { priority: 'critical' }),
  ]
  for (const waiting of [2, 1, 0]) {
    const current = waiting === 2 ? held : (await all[waiting + 1])!
    current.release('success')
    await settle()
  }
  assert.deepEqual(outcomes, ['critical', 'normal', 'sheddable'])
})

test('in a full queue the youngest of the lowest priority makes room for a higher one', async () => {
  const { outcomes, upstream, wait } = fullUpstream({ queue: 3 })
  void wait('old sheddable', { priority: 'sheddable' })
  void wait('young sheddable', { priority: 'sheddable' })
  void wait('normal')
  void wait('critical', { priority: 'critical' })
  void wait('another', { priority: 'sheddable' })
  void wait('second normal')
  void wait('third normal')
  await settle()
  assert.deepEqual(outcomes, [
    'young sheddable HEADGATE_QUEUE_FULL',
    'another HEADGATE_QUEUE_FULL',
    'old sheddable HEADGATE_QUEUE_FULL',
    'third normal HEADGATE_QUEUE_FULL',
  ])
  assert.equal(upstream.shed.displaced, 2)
  upstream.close()
})

test('when the last server goes, those who wait are told at once', async () => {
  const { apply, outcomes, wait } = fullUpstream()
  void wait('a')
  apply([])
  await settle()
  assert.deepEqual(outcomes, ['a HEADGATE_NO_SERVER'])
})

test('a retry goes to another server while there is one that serves, and waits for it', async () => {
  const { upstream, server } = upstreamOf({ weights: [1, 1], limits: { maxInFlight: 1 } })
  const failed = server('s0')
  for (let index = 0; index < 20; index++) {
    const reservation = upstream.tryReserve({ avoid: [failed] })!
    assert.equal(reservation.server.name, 's1')
    reservation.release('success')
  }
  const other = upstream.tryReserve({ avoid: [failed] })!
  assert.equal(upstream.tryReserve({ avoid: [failed] }), undefined)
  const waiting = upstream.wait({ avoid: [failed] }, never)
  // The one to avoid is free, and others may have it, though they come later.
  const passing = await upstream.wait({}, never)
  assert.equal(passing.server, failed)
  other.release('success')
  assert.equal((await waiting).server.name, 's1')
})

test('a retry takes the same server where there is no other', () => {
  const { upstream, server } = upstreamOf({ weights: [1] })
  assert.equal(upstream.tryReserve({ avoid: [server('s0')] })!.server.name, 's0')
})

test('a retry that has tried every server begins again with the first', () => {
  const { upstream, server } = upstreamOf({ weights: [1, 1, 1] })
  const [first, second, third] = ['s1', 's2', 's0'].map(server)
  const avoid = [first!, second!, third!]
  for (const expected of [first, second, third, first]) {
    const reservation = upstream.tryReserve({ avoid, isRetry: true })!
    assert.equal(reservation.server.name, expected!.name)
    reservation.release('connect_failed')
    avoid.push(reservation.server)
  }
})

test('while requests are refused, what was lost is retried, and what took too long is not', async () => {
  const { clock, held, upstream, wait } = fullUpstream()
  void wait('a')
  assert.equal(upstream.mayRetry('timeout'), true)
  await clock.advanceAsync(100)
  assert.deepEqual([upstream.mayRetry('timeout'), upstream.mayRetry('connection_lost')], [false, true])
  await clock.advanceAsync(1_000)
  assert.equal(upstream.mayRetry('timeout'), true)
  held.release('success')
})

test('a retry waits too, before the others of its priority, and where there is no room in the place of the youngest', async () => {
  const { held, outcomes, upstream, wait } = fullUpstream({ queue: 3 })
  const normal = wait('normal')
  const critical = wait('critical', { priority: 'critical' })
  void wait('young')
  const retry = wait('retry', { isRetry: true, avoid: [held.server] })
  held.release('connection_lost')
  for (const one of [critical, retry, normal]) (await one)!.release('success')
  assert.deepEqual(outcomes, ['young HEADGATE_QUEUE_FULL', 'critical', 'retry', 'normal'])
  assert.equal(upstream.inFlight, 0)
})

test('a retry earns no retries', () => {
  const { upstream } = upstreamOf({ weights: [1] })
  const before = upstream.retries.refused
  for (let index = 0; index < 100; index++) upstream.tryReserve({ isRetry: true })?.release('success')
  let granted = 0
  while (upstream.mayRetry('connection_lost')) granted++
  assert.deepEqual([granted, before], [10, 0])
})

test('closing refuses those who wait and retires every pool', async () => {
  const { outcomes, pools, upstream, wait, clock } = fullUpstream()
  void wait('a')
  upstream.close()
  await settle()
  assert.deepEqual(outcomes, ['a HEADGATE_NO_SERVER'])
  assert.equal(pools[0]!.closed, 'shutdown')
  assert.throws(() => upstream.tryReserve({}), { code: 'HEADGATE_NO_SERVER' })
  assert.equal(clock.pending, 0)
})
