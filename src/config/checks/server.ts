import type { Finding } from '../faults.ts'
import type { Sound } from './sound.ts'

/** What the schema cannot say about listeners: no two may want the same port, and keys that need others. */
export function* checkServer({ server, admin }: Sound): Generator<Finding> {
  if (isTaken(admin?.port, server?.port) && overlaps(admin?.host, server?.host)) {
    yield { at: ['admin', 'port'], found: String(admin?.port), expected: 'another port than server.port' }
  }
  const { redirectFrom } = server?.tls ?? {}
  const at = ['server', 'tls', 'redirectFrom']
  if (isTaken(redirectFrom, server?.port)) {
    yield { at, found: String(redirectFrom), expected: 'another port than server.port' }
  }
  if (isTaken(redirectFrom, admin?.port) && overlaps(admin?.host, server?.host)) {
    yield { at, found: String(redirectFrom), expected: 'another port than admin.port' }
  }
}

function isTaken(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && one !== 0 && one === other
}

function overlaps(one: string | undefined, other: string | undefined): boolean {
  return one === other || [one, other].some((host) => host === '0.0.0.0' || host === '::')
}
