import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ceiling } from '../../../src/balance/ceiling.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

test('refuses after two looks that found the same trouble, and serves after one that found none', () => {
  const clock = new FakeClock()
  const strain = { delayMs: 0, heapShare: 0.1 }
  const ceiling = new Ceiling({ measure: () => strain, clock })
  const look = () => {
    clock.advance(250)
    return ceiling.reason
  }
  assert.equal(look(), undefined)
  strain.delayMs = 500
  assert.equal(look(), undefined)
  assert.equal(look(), 'event_loop')
  strain.delayMs = 0
  assert.equal(look(), undefined)
  strain.heapShare = 0.95
  look()
  assert.equal(look(), 'memory')
  ceiling.close()
  assert.equal(clock.pending, 0)
})

test('finds no trouble in a process that idles', () => {
  const clock = new FakeClock()
  const ceiling = new Ceiling({ clock })
  clock.advance(500)
  assert.equal(ceiling.reason, undefined)
  ceiling.close()
})
