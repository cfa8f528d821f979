import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/config/units.ts'

test('durations are read as milliseconds', () => {
  assert.equal(parseDuration('250ms'), 250)
  assert.equal(parseDuration('30s'), 30_000)
  assert.equal(parseDuration('5m'), 300_000)
  assert.equal(parseDuration('1h'), 3_600_000)
  assert.equal(parseDuration('1.5s'), 1500)
  assert.equal(parseDuration('0s'), 0)
  assert.equal(parseDuration(250), 250)
})

test('sizes are read as bytes, and a kilobyte has 1024', () => {
  assert.equal(parseSize('64kb'), 65_536)
  assert.equal(parseSize('256MB'), 268_435_456)
  assert.equal(parseSize('1gb'), 1_073_741_824)
  assert.equal(parseSize('512b'), 512)
  assert.equal(parseSize(10), 10)
})

test('what is not an amount is refused', () => {
  const wrong = [
    '',
    '5',
    '5 m',
    '-5s',
    '5 minutes',
    '5d',
    '1e3s',
    's',
    '.5s',
    '5s ',
    '٥s',
    -1,
    0.5,
    Number.NaN,
  ]
  for (const value of [
    ...wrong,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [5],
    `${'9'.repeat(30)}s`,
  ]) {
    assert.equal(parseDuration(value), undefined, `duration ${String(value)}`)
    assert.equal(parseSize(value), undefined, `size ${String(value)}`)
  }
})

test('a unit of the one kind is none of the other', () => {
  assert.equal(parseDuration('5kb'), undefined)
  assert.equal(parseSize('5ms'), undefined)
})

test('amounts are written in their largest whole unit', () => {
  assert.equal(formatDuration(90_000), '90s')
  assert.equal(formatDuration(300_000), '5m')
  assert.equal(formatDuration(0), '0ms')
  assert.equal(formatSize(65_536), '64kb')
  assert.equal(formatSize(1500), '1500b')
})

const amounts = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

test('what is written is read back as the same number', () => {
  fc.assert(fc.property(amounts, (amount) => parseDuration(formatDuration(amount)) === amount))
  fc.assert(fc.property(amounts, (amount) => parseSize(formatSize(amount)) === amount))
})

test('a longer duration is never read as a shorter one', () => {
  const parts = fc.record({ whole: fc.nat(100_000), unit: fc.constantFrom('ms', 's', 'm', 'h') })
  fc.assert(
    fc.property(parts, ({ whole, unit }) => {
      return parseDuration(`${whole + 1}${unit}`)! > parseDuration(`${whole}${unit}`)!
    }),
  )
})

test('no text makes the parsers throw, or gives anything but a whole number', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const amount = parseDuration(text) ?? parseSize(text) ?? 0
      return Number.isSafeInteger(amount) && amount >= 0
    }),
  )
})
