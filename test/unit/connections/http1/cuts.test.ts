import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { generatedMethod, generatedResponse } from './generated-responses.ts'
import { type ParsedResponse, read } from './recorder.ts'

/** A fault may be seen before or after what is in order has been told: only whether and which fault counts then. */
function comparable(response: ParsedResponse): unknown {
  const { error } = response
  return error === undefined ? { ...response } : { error }
}

test('bytes mean the same in one piece, cut in two at every position, and one by one', () => {
  fc.assert(
    fc.property(generatedResponse, generatedMethod, (text, method) => {
      const whole = comparable(read([text], { method }))
      for (let at = 1; at < text.length; at++) {
        assert.deepEqual(comparable(read([text.slice(0, at), text.slice(at)], { method })), whole)
      }
      assert.deepEqual(comparable(read([...text], { method })), whole)
    }),
    { numRuns: 300 },
  )
})

test('a handler that pauses at every piece gets the same', () => {
  fc.assert(
    fc.property(generatedResponse, generatedMethod, fc.nat(), (text, method, at) => {
      const pieces = [text.slice(0, at % text.length), text.slice(at % text.length)]
      const [flowing, pausing] = [read(pieces, { method }), read(pieces, { method, pauses: true })]
      assert.deepEqual(comparable(pausing), comparable(flowing))
    }),
    { numRuns: 1000 },
  )
})
