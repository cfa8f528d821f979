import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { FrameCursor } from '../../../src/forward/frame-cursor.ts'

/** A frame as RFC 6455, section 5.2 draws it. */
function frame(opcode: number, length: number, isMasked: boolean): Buffer {
  const header = [0x80 | opcode]
  const bit = isMasked ? 0x80 : 0
  if (length < 126) header.push(bit | length)
  else if (length < 65_536) header.push(bit | 126, length >> 8, length & 255)
  else
    header.push(bit | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255)
  // A payload of what would be headers of close frames.
  return Buffer.concat([
    Buffer.from(header),
    Buffer.alloc(isMasked ? 4 : 0, 0x88),
    Buffer.alloc(length, 0x88),
  ])
}

const frames = fc.array(
  fc.tuple(
    fc.constantFrom(0, 1, 2, 9, 10),
    fc.oneof(fc.nat(130), fc.constantFrom(125, 126, 65_535, 65_536)),
    fc.boolean(),
  ),
  { maxLength: 6 },
)

test('finds every end of a frame, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(200), { maxLength: 20 }), (list, cuts) => {
      const bytes = list.map((one) => frame(...one))
      const ends = new Set([0])
      let end = 0
      for (const { length } of bytes) {
        end += length
        ends.add(end)
      }
      const all = Buffer.concat(bytes)
      const cursor = new FrameCursor()
      for (let at = 0, nth = 0; at < all.length; nth++) {
        const next = at + 1 + (cuts[nth] ?? all.length)
        cursor.read(all.subarray(at, next))
        at = Math.min(next, all.length)
        assert.equal(cursor.isBetween, ends.has(at))
      }
      assert.deepEqual([cursor.isBetween, cursor.hasClosed], [true, false])
    }),
    { numRuns: 200 },
  )
})

test('reads to the end of a frame and no further, and knows a close frame', () => {
  const cursor = new FrameCursor()
  const text = frame(1, 300, false)
  cursor.read(text.subarray(0, 100))
  const rest = Buffer.concat([text.subarray(100), frame(8, 2, true)])
  assert.equal(cursor.read(rest, true), text.length - 100)
  assert.deepEqual([cursor.isBetween, cursor.hasClosed], [true, false])
  cursor.read(rest.subarray(text.length - 100))
  assert.deepEqual([cursor.isBetween, cursor.hasClosed], [true, true])
})
