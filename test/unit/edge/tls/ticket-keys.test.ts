import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renewTicketKeys, TicketKeys } from '../../../../src/edge/tls/ticket-keys.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'

test('keys are replaced every twelve hours, and who follows them hears of it', () => {
  const clock = new FakeClock()
  const keys = new TicketKeys()
  const first = keys.current
  assert.equal(first.length, 48)
  const heard: Buffer[] = []
  const leave = keys.follow((next) => heard.push(next))
  const end = renewTicketKeys(keys, clock)

  clock.advance(12 * 3_600_000 - 1)
  assert.deepEqual(keys.current, first)
  clock.advance(1)
  assert.notDeepEqual(keys.current, first)
  assert.deepEqual(heard, [keys.current])

  leave()
  clock.advance(12 * 3_600_000)
  assert.equal(heard.length, 1)
  assert.notDeepEqual(keys.current, heard[0])
  end()
  assert.equal(clock.pending, 0)
})
