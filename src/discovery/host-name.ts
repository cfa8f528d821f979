import { promises as dns, type LookupAddress, type RecordWithTtl, type SrvRecord } from 'node:dns'
import { Gate } from './gate.ts'

/** The part of `dns.promises.Resolver` that discovery uses. */
export interface RecordResolver {
  resolve4(name: string, options: { ttl: true }): Promise<RecordWithTtl[]>
  resolve6(name: string, options: { ttl: true }): Promise<RecordWithTtl[]>
  resolveSrv(name: string): Promise<SrvRecord[]>
  cancel(): void
}

/** `dns.promises.lookup` with `all`: what the system says, /etc/hosts and search list included. */
export type SystemLookup = (name: string) => Promise<LookupAddress[]>

/** Who answers questions about names. */
export interface NameServices {
  /** Asks the name servers of /etc/resolv.conf. */
  resolver?: RecordResolver
  lookup?: SystemLookup
}

/** The addresses of a name, all of one family, sorted, and how long they hold. */
export interface Answer {
  addresses: string[]
  ttlMs: number
}

export type Family = 4 | 6

/** An answer is asked for again no sooner and no later than this. */
export const minTtlMs = 1_000
export const maxTtlMs = 300_000
/** How long an answer of the system holds, which has no TTL. */
export const systemTtlMs = 30_000

/** A look-up by the system holds one of four threads, which files and compression need too. */
const lookups = new Gate(2)

export function openResolver(): RecordResolver {
  return new dns.Resolver({ timeout: 2_000, tries: 2 })
}

function systemLookup(name: string): Promise<LookupAddress[]> {
  return lookups.run(() => dns.lookup(name, { all: true }))
}

/** Whether a resolver said that there is nothing, as opposed to saying nothing. */
export function isNoRecord(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ENOTFOUND' || code === 'ENODATA'
}

function clampTtl(ttlMs: number): number {
  return Math.min(maxTtlMs, Math.max(minTtlMs, ttlMs))
}

/**
 * A name whose addresses are wanted again and again. The name servers know the TTL, but the system knows what a dial
 * would find (/etc/hosts, the search list); so both are asked until they agree, and from then on the name servers alone.
 *
 * Where a name has IPv4 addresses, only those count: a machine with an address of each family is one machine.
 */
export class HostName {
  readonly name: string
  readonly #resolver: RecordResolver
  readonly #lookup: SystemLookup
  readonly #family: Family | undefined
  #resolverKnows = false

  constructor(name: string, resolver: RecordResolver, lookup: SystemLookup = systemLookup, family?: Family) {
    this.name = name
    this.#resolver = resolver
    this.#lookup = lookup
    this.#family = family
  }

  /** Rejects with the error of the resolver where neither knows the name. */
  async resolve(): Promise<Answer> {
    const [records, error] = await this.#records()
    if (this.#resolverKnows && records !== undefined) return records
    if (this.#resolverKnows && !isNoRecord(error)) throw error
    const known = await this.#ask(() => this.#lookup(this.name))
    if (known === undefined && records === undefined) throw error
    if (known === undefined) return records!
    this.#resolverKnows =
      records?.addresses.some((address) => known.some((one) => one.address === address)) ?? false
    return this.#resolverKnows ? records! : answer(known, this.#family)
  }

  async #records(): Promise<[Answer | undefined, unknown]> {
    let error: unknown
    for (const family of [4, 6] as const) {
      if (this.#family !== undefined && this.#family !== family) continue
      const method = family === 4 ? 'resolve4' : 'resolve6'
      try {
        const records = await this.#resolver[method](this.name, { ttl: true })
        if (records.length === 0) continue
        const ttl = Math.min(...records.map((record) => record.ttl))
        return [{ addresses: sorted(records), ttlMs: clampTtl(ttl * 1_000) }, undefined]
      } catch (failure) {
        error = failure
        if (!isNoRecord(failure)) break
      }
    }
    return [undefined, error ?? Object.assign(new Error('the name has no address'), { code: 'ENODATA' })]
  }

  async #ask(lookup: () => Promise<LookupAddress[]>): Promise<LookupAddress[] | undefined> {
    try {
      const all = await lookup()
      const fitting = this.#family === undefined ? all : all.filter((one) => one.family === this.#family)
      return fitting.length === 0 ? undefined : fitting
    } catch {
      return undefined
    }
  }
}

function answer(known: LookupAddress[], family: Family | undefined): Answer {
  const wanted = family ?? (known.some((one) => one.family === 4) ? 4 : 6)
  return { addresses: sorted(known.filter((one) => one.family === wanted)), ttlMs: systemTtlMs }
}

/** One order for one set, so that a resolver that rotates its answers changes nothing. */
function sorted(records: { address: string }[]): string[] {
  return [...new Set(records.map(({ address }) => address))].sort()
}
