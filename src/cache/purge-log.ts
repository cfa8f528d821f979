import { PARTITION_MARK } from './key.ts'
import type { Purge } from './second-tier.ts'

/** So many purges of each kind are remembered. */
const MOST_PURGES = 10_000

/** The clocks of two gateways may differ by this. What was received shortly after a purge counts as from before it. */
const SLACK_MS = 1000

/**
 * What was purged lately. A second tier may hold what it was told to forget: a record of a purged tag, or one that
 * another gateway wrote as the purge was under way. Such a record must not come back.
 */
export class PurgeLog {
  readonly #urls = new Map<string, number>()
  readonly #prefixes = new Map<string, number>()
  readonly #tags = new Map<string, number>()
  /** Whatever is older was purged, as far as anybody still knows. */
  #floor = Number.NEGATIVE_INFINITY

  add({ kind, value, at }: Purge): void {
    if (kind === 'url') remember(this.#urls, value, at)
    else if (value === '') this.#floor = Math.max(this.#floor, at)
    else {
      const dropped = remember(kind === 'tag' ? this.#tags : this.#prefixes, value, at)
      // A URL's own record is deleted by name; of the others nobody could tell what this purge was about.
      if (dropped !== undefined) this.#floor = Math.max(this.#floor, dropped)
    }
  }

  /** Whether a response that was received at this time has been purged since. */
  covers(key: string, tags: readonly string[], receivedAt: number): boolean {
    const since = receivedAt - SLACK_MS
    if (this.#floor >= since) return true
    const [url = key] = key.split(PARTITION_MARK, 1)
    if (isAfter(this.#urls.get(url), since)) return true
    if (tags.some((tag) => isAfter(this.#tags.get(tag), since))) return true
    for (const [prefix, at] of this.#prefixes) if (at >= since && url.startsWith(prefix)) return true
    return false
  }
}

function isAfter(at: number | undefined, since: number): boolean {
  return at !== undefined && at >= since
}

/** Says when what had to make room was purged. */
function remember(purges: Map<string, number>, value: string, at: number): number | undefined {
  const before = purges.get(value) ?? 0
  purges.delete(value)
  purges.set(value, Math.max(before, at))
  if (purges.size <= MOST_PURGES) return undefined
  const [oldest, oldestAt] = purges.entries().next().value as [string, number]
  purges.delete(oldest)
  return oldestAt
}
