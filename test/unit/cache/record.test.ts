import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type CacheRecord, decodeRecord, encodeRecord } from '../../../src/cache/record.ts'

const time = fc.nat()
const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
const plain = { noNullPrototype: true }
const record: fc.Arbitrary<CacheRecord> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('directory' as const),
      key: text,
      vary: fc.array(text),
      since: time,
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('response' as const),
      key: text,
      selecting: text,
      statusCode: fc.integer({ min: 200, max: 599 }),
      statusMessage: text,
      headers: fc.array(fc.tuple(text, text)).map((pairs) => pairs.flat()),
      age: time,
      receivedAt: time,
      storedAt: time,
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    },
    plain,
  ),
)

suite('records of a second tier', () => {
  test('what was written is read', () => {
    fc.assert(fc.property(record, (one) => assert.deepEqual(decodeRecord(encodeRecord(one)), one)))
  })

  test('what is cut anywhere, or followed by more, is no record', () => {
    fc.assert(
      fc.property(record, fc.nat(), (one, at) => {
        const bytes = encodeRecord(one)
        assert.equal(decodeRecord(bytes.subarray(0, at % bytes.length)), undefined)
        if (one.kind === 'response')
          assert.equal(decodeRecord(Buffer.concat([bytes, Buffer.from('x')])), undefined)
      }),
    )
  })

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(255), fc.uint8Array(), (one, at, value, noise) => {
        const bytes = encodeRecord(one)
        bytes[at % bytes.length] = value
        decodeRecord(bytes)
        decodeRecord(Buffer.from(noise))
      }),
    )
  })
})
