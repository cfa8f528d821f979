import type { Finding } from '../faults.ts'
import { formatSize } from '../units.ts'
import type { Sound } from './sound.ts'

/** What the schema cannot say about the cache: one answer may not be larger than all together. */
export function* checkCache({ cache }: Sound, written: Sound): Generator<Finding> {
  const { maxBytes, maxEntryBytes } = cache ?? {}
  if (maxBytes === undefined || maxEntryBytes === undefined || maxEntryBytes <= maxBytes) return
  // Who makes the whole small has not asked for large answers.
  if (written.cache?.maxEntryBytes === undefined) return
  const expected = `no more than cache.maxBytes, which is ${formatSize(maxBytes)}`
  yield { at: ['cache', 'maxEntryBytes'], found: formatSize(maxEntryBytes), expected }
}
