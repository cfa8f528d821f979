import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Breaker } from '../../../src/cache-redis/breaker.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

function opened() {
  const clock = new FakeClock()
  const breaker = new Breaker(clock)
  for (let count = 0; count < 3; count++) breaker.failed()
  return { clock, breaker }
}

suite('the breaker of a second tier', () => {
  test('opens after three failures in a row, and not after three in all', () => {
    const breaker = new Breaker(new FakeClock())
    for (let count = 0; count < 5; count++) {
      breaker.failed()
      breaker.failed()
      breaker.succeeded()
    }
    assert.equal(breaker.admits(), true)
    assert.equal(opened().breaker.admits(), false)
  })

  test('lets one caller through after each pause', () => {
    const { clock, breaker } = opened()
    clock.advance(249)
    assert.equal(breaker.admits(), false)
    clock.advance(1)
    assert.equal(breaker.admits(), true)
    assert.equal(breaker.admits(), false)
  })

  test('pauses for longer each time, five seconds at most, and from the beginning after a success', () => {
    const { clock, breaker } = opened()
    for (const pause of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
      clock.advance(pause - 1)
      assert.equal(breaker.admits(), false, `before ${pause} ms`)
      clock.advance(1)
      assert.equal(breaker.admits(), true, `after ${pause} ms`)
      breaker.failed()
    }
    breaker.succeeded()
    assert.equal(breaker.isClosed, true)
    for (let count = 0; count < 3; count++) breaker.failed()
    clock.advance(250)
    assert.equal(breaker.admits(), true)
  })
})
