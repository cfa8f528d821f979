import { createHash, timingSafeEqual } from 'node:crypto'

/** The token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); undefined where there is none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1]
}

/** Whether they are the same, in a time that says nothing of how far they agree. */
export function isSameToken(one: string, other: string): boolean {
  const [a, b] = [one, other].map((token) => createHash('sha256').update(token).digest())
  return timingSafeEqual(a as Buffer, b as Buffer)
}
