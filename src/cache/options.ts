import { type Clock, systemClock } from '../clock.ts'
import type { Purge, SecondTier } from './second-tier.ts'

export interface HttpCacheOptions {
  /** Extensions of static assets, without a dot. Default: those of the configuration. */
  extensions?: readonly string[]
  /** Lifetime of a static asset whose origin gave none and forbade nothing. Milliseconds. Default: 1 h. */
  defaultTtl?: number
  /** Stored responses, each variant of a URL for itself. Default: 10 000. */
  maxEntries?: number
  /** Bytes of all stored responses. Default: 256 MB. */
  maxBytes?: number
  /** A response larger than this passes through. Default: 8 MB. */
  maxEntryBytes?: number
  /** How often what has expired is collected. Milliseconds. Default: 60 s. */
  gcInterval?: number
  /** How long after it expired a response may stand in for a server that fails, where the origin did not say. Milliseconds; 0 = never. Default: 1 h. */
  staleIfError?: number
  /** How long a request waits for the head of a response that another one asked for. Milliseconds. Default: 5 s. */
  waitTimeout?: number
  /** Variants of one URL. Default: 16. */
  maxVariants?: number
  /** A store that gateways share, asked before a server is. Default: none. */
  tier?: SecondTier | undefined
  /** Told of every purge, invalidation by unsafe methods included, so that others can follow. Default: nobody is. */
  onPurge?: ((purge: Purge) => void) | undefined
  clock?: Clock
}

type Untiered = Omit<HttpCacheOptions, 'tier' | 'onPurge'>

export const DEFAULT_EXTENSIONS: readonly string[] =
  'css js mjs map png jpg jpeg gif svg webp avif ico woff woff2 ttf wasm json txt'.split(' ')

const DEFAULTS = {
  extensions: DEFAULT_EXTENSIONS,
  defaultTtl: 3_600_000,
  maxEntries: 10_000,
  maxBytes: 268_435_456,
  maxEntryBytes: 8_388_608,
  gcInterval: 60_000,
  staleIfError: 3_600_000,
  waitTimeout: 5000,
  maxVariants: 16,
  clock: systemClock,
} as const satisfies Required<Untiered>

/** The options with their defaults, where they are absent or undefined. */
export function withDefaults(options: HttpCacheOptions): Required<Untiered> & HttpCacheOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const all: Required<Untiered> & HttpCacheOptions = { ...DEFAULTS, ...Object.fromEntries(given) }
  return { ...all, maxEntryBytes: Math.min(all.maxEntryBytes, all.maxBytes) }
}
