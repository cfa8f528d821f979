import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Entry } from './entry.ts'
import type { Reception } from './freshness.ts'
import { type CacheRequest, keyOf, PARTITION_MARK } from './key.ts'
import { PurgeLog } from './purge-log.ts'
import { decodeRecord, encodeRecord, type ResponseRecord } from './record.ts'
import type { Purge, SecondTier } from './second-tier.ts'
import { type CacheRules, judge } from './storage.ts'
import { selectingKey } from './vary.ts'

/** Nothing is kept longer than a week, however long it is fresh. */
const LONGEST_MS = 7 * 24 * 3_600_000

/** Directories that are remembered as written. */
const MOST_DIRECTORIES = 10_000

/** What a directory says, and until when the tier keeps it, as far as is known. Milliseconds since 1970. */
interface Directory {
  vary: string
  since: number
  until: number
}

interface SharedStoreParts {
  tier: SecondTier
  rules: CacheRules
  clock: Clock
}

/**
 * The second tier, as the cache uses it.
 *
 *     name of the URL -> response                      where it does not vary
 *                     -> directory (what it varies by)
 *                          name of the variant -> response
 *
 * What comes out of it is judged anew, as if it had just come from a server that says its age: nothing is fresh, or
 * may be used at all, because another gateway thought so.
 */
export class SharedStore {
  readonly #tier: SecondTier
  readonly #rules: CacheRules
  readonly #clock: Clock
  readonly #purges = new PurgeLog()
  readonly #directories = new Map<string, Directory>()

  constructor({ tier, rules, clock }: SharedStoreParts) {
    this.#tier = tier
    this.#rules = rules
    this.#clock = clock
  }

  get stats(): SecondTier['stats'] {
    return this.#tier.stats
  }

  /** Says what other gateways purge. */
  follow(onPurge: (purge: Purge) => void): void {
    const take = (purge: Purge) => {
      this.note(purge)
      onPurge(purge)
    }
    this.#tier.onPurge = take
  }

  /** The response that another gateway has stored. Undefined at once where there is no sense in asking. */
  find(request: CacheRequest): Promise<Entry | undefined> | undefined {
    const key = keyOf(request)
    const asked = this.#tier.get(nameOf(key))
    return asked === undefined ? undefined : this.#read(request, key, asked)
  }

  /** Hands on what this gateway has stored. */
  keep(entry: Entry): void {
    if (entry.isPartial) return
    const { key, policy } = entry
    const now = this.#clock.now()
    const ttl = Math.min(Math.floor(entry.usefulUntil(0) - now), LONGEST_MS)
    if (ttl < 1) return
    const nowWall = this.#clock.wallNow()
    const receivedAt = Math.floor(nowWall - (now - policy.receivedAt))
    const isVaried = policy.vary.length > 0
    if (isVaried) this.#keepDirectory(entry, receivedAt, nowWall + ttl, ttl)
    else this.#directories.delete(key)
    const { selecting, statusCode, statusMessage, headers, storedAt, body } = entry
    const age = Math.ceil(policy.initialAge)
    const parts = { key, selecting, statusCode, statusMessage, headers, age, receivedAt, storedAt, body }
    this.#tier.set(
      nameOf(isVaried ? variantOf(key, selecting) : key),
      encodeRecord({ kind: 'response', ...parts }),
      ttl,
    )
  }

  /** The response of a URL is out of date, wherever it is stored. */
  forget(key: string): void {
    const [value = key] = key.split(PARTITION_MARK, 1)
    this.purge({ kind: 'url', value, at: this.#clock.wallNow() }, [key])
  }

  /** This gateway has purged: the tier forgets these keys, and the other gateways are told. */
  purge(purge: Purge, keys: readonly string[]): void {
    this.note(purge)
    this.#tier.purge(purge, keys.map(nameOf))
  }

  /** Somebody has purged. */
  note(purge: Purge): void {
    this.#purges.add(purge)
    // A directory that is taken for written and is not would hide its variants; to write it again costs nothing.
    if (purge.kind === 'url') this.#directories.delete(purge.value)
    else this.#directories.clear()
  }

  async #read(
    request: CacheRequest,
    key: string,
    asked: Promise<Buffer | undefined>,
  ): Promise<Entry | undefined> {
    const found = this.#decode(await asked, key)
    if (found === undefined) this.#directories.delete(key)
    if (found?.kind !== 'directory') return found && this.#accept(request, found, 0)
    this.#remember(key, { vary: found.vary.join(), since: found.since, until: 0 })
    const selecting = selectingKey(found.vary, request.headers)
    const variant = this.#decode(await this.#tier.get(nameOf(variantOf(key, selecting))), key)
    if (variant?.kind !== 'response') return undefined
    return this.#accept(request, variant, found.since)
  }

  #decode(bytes: Buffer | undefined, key: string): ReturnType<typeof decodeRecord> {
    // Head and bookkeeping add to the body.
    if (bytes === undefined || bytes.length > this.#rules.maxEntryBytes + 65_536) return undefined
    const record = decodeRecord(bytes)
    return record?.key === key ? record : undefined
  }

  #accept(request: CacheRequest, record: ResponseRecord, since: number): Entry | undefined {
    const { key, statusCode, statusMessage, headers, body, storedAt } = record
    if (record.receivedAt < since) return undefined
    const head = { statusCode, statusMessage, headers }
    const judged = judge(request, head, this.#reception(record), this.#rules)
    if (typeof judged === 'string' || judged.partial !== undefined) return undefined
    const policy = { ...judged, initialAge: Math.max(judged.initialAge, record.age) }
    const selecting = selectingKey(policy.vary, request.headers)
    if (selecting !== record.selecting) return undefined
    const entry = new Entry({ key, head, policy, selecting, body, storedAt })
    return this.#purges.covers(key, entry.tags, record.receivedAt) ? undefined : entry
  }

  /** When the other gateway received it, on the clocks of this one. */
  #reception({ receivedAt }: ResponseRecord): Reception {
    const elapsed = Math.max(0, this.#clock.wallNow() - receivedAt)
    const at = this.#clock.now() - elapsed
    return { requestedAt: at, receivedAt: at, receivedWall: receivedAt }
  }

  #keepDirectory({ key, policy }: Entry, receivedAt: number, until: number, ttl: number): void {
    const known = this.#directories.get(key)
    const vary = policy.vary.join()
    const isSame = known?.vary === vary
    if (isSame && known.until >= until) return
    const since = isSame ? known.since : receivedAt
    this.#remember(key, { vary, since, until })
    this.#tier.set(nameOf(key), encodeRecord({ kind: 'directory', key, vary: policy.vary, since }), ttl)
  }

  #remember(key: string, directory: Directory): void {
    this.#directories.delete(key)
    this.#directories.set(key, directory)
    if (this.#directories.size <= MOST_DIRECTORIES) return
    this.#directories.delete(this.#directories.keys().next().value as string)
  }
}

function variantOf(key: string, selecting: string): string {
  return `${key}\n\n${selecting}`
}

/** A URL may be long, and may hold what an operator of the tier need not read. */
function nameOf(key: string): string {
  return hash('sha256', key, 'base64url')
}
