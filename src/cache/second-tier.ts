/** What must not be served any more, as gateways tell it to one another. */
export interface Purge {
  kind: 'url' | 'prefix' | 'tag'
  value: string
  /** Milliseconds since 1970, on the clock of the gateway that purged. */
  at: number
}

/**
 * A store of records that gateways share, behind the memory of each. It may be slow, lose records, or be gone:
 * it answers within a bound of its own, and what it cannot do it leaves undone. It never rejects and never throws.
 */
export interface SecondTier {
  /** The record of a name. Undefined at once where there is no sense in asking. */
  get(name: string): Promise<Buffer | undefined> | undefined
  /** Keeps a record for `ttl` milliseconds at most. Nobody waits for it. */
  set(name: string, record: Buffer, ttl: number): void
  /** Forgets the records of these names, and tells the other gateways; as soon as it can, where it cannot now. */
  purge(purge: Purge, names: readonly string[]): void
  /** Called with what other gateways have purged, late rather than never. */
  onPurge: (purge: Purge) => void
  /** Look-ups by their outcome, for people. `failed`: no answer in time; `skipped`: it was not asked, because it does not answer. */
  readonly stats: Readonly<Record<'found' | 'absent' | 'failed' | 'skipped', number>>
  close(): Promise<void>
}
