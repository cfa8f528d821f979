import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventLog } from '../../../src/view/event-log.ts'

test('events are numbered, and the oldest make room', () => {
  const log = new EventLog(2)
  for (const at of [1, 2, 3]) log.add({ at, kind: 'config_reloaded', detail: String(at) })
  assert.deepEqual(
    log.after(0).map(({ id, at }) => [id, at]),
    [
      [2, 2],
      [3, 3],
    ],
  )
  assert.deepEqual(
    log.after(2).map(({ id }) => id),
    [3],
  )
})

test('what several workers tell of the same thing is one event', () => {
  const log = new EventLog()
  const joined = { kind: 'server_joined', upstream: 'app', server: 'a:1' } as const
  log.add({ at: 1_000, ...joined, worker: 1 })
  assert.equal(log.add({ at: 1_400, ...joined, worker: 2 }), undefined)
  log.add({ at: 1_500, ...joined, server: 'b:1' })
  log.add({ at: 9_000, ...joined })
  log.add({ at: 9_000, kind: 'worker_died', worker: 1 })
  log.add({ at: 9_000, kind: 'worker_died', worker: 2 })
  assert.deepEqual(
    log.after(0).map(({ server, worker, count }) => [server ?? worker, count]),
    [
      ['a:1', 2],
      ['b:1', 1],
      ['a:1', 1],
      [1, 1],
      [2, 1],
    ],
  )
})
