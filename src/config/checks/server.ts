import type { Finding } from '../faults.ts'
import type { Sound } from './sound.ts'

/** What the schema cannot say about the two listeners: they may not want the same port. */
export function* checkServer({ server, admin }: Sound): Generator<Finding> {
  if (admin?.port === undefined || admin.port === 0 || admin.port !== server?.port) return
  if (!overlaps(admin.host, server.host)) return
  yield { at: ['admin', 'port'], found: String(admin.port), expected: 'another port than server.port' }
}

function overlaps(one: string | undefined, other: string | undefined): boolean {
  return one === other || [one, other].some((host) => host === '0.0.0.0' || host === '::')
}
