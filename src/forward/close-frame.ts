import { randomBytes } from 'node:crypto'

/** Going away (RFC 6455, section 7.4.1), as the payload of a close frame. */
const goingAway = Buffer.from([0x03, 0xe9])

/** A close frame (RFC 6455, section 5.5.1); those to a server are masked. */
export function closeFrame(isMasked: boolean): Buffer {
  if (!isMasked) return Buffer.from([0x88, goingAway.length, ...goingAway])
  const mask = randomBytes(4)
  const payload = goingAway.map((byte, index) => byte ^ (mask[index % 4] as number))
  return Buffer.from([0x88, 0x80 | goingAway.length, ...mask, ...payload])
}
