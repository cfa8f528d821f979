import type { FlatHeaders, ResponseHead } from '../forward/sink.ts'
import {
  noResponseDirectives,
  parseResponseDirectives,
  parseTargetedDirectives,
  type ResponseDirectives,
} from './directives.ts'
import { fieldLines, fieldValue, singleValue, tokenList } from './fields.ts'
import {
  explicitLifetime,
  heuristicLifetime,
  initialAge,
  isHeuristicallyCacheable,
  type Lifetime,
  type Reception,
} from './freshness.ts'
import type { CacheRequest } from './key.ts'
import { type ContentRange, parseContentRange } from './range.ts'
import type { StaticAssets } from './static-assets.ts'
import { type Validators, validatorsOf } from './validators.ts'
import { varyNames } from './vary.ts'

export interface StorageRules {
  assets: StaticAssets
  /** Static mode: the lifetime of an asset whose origin gave none and forbade nothing. Milliseconds. */
  defaultTtl: number
}

/** What may change while the cache is in use: every part reads it anew each time. */
export interface CacheRules extends StorageRules {
  /** A response larger than this passes through. Bytes. */
  maxEntryBytes: number
  /** How long after it expired a response may stand in for a server that fails, where the origin did not say. Milliseconds. */
  staleIfError: number
}

/** Why a response is not stored: the words of Cache-Status, logs and metrics. */
export type Refusal =
  | 'status'
  | 'no-store'
  | 'private'
  | 'not-understood'
  | 'authorization'
  | 'vary'
  | 'set-cookie'
  | 'content-type'
  | 'no-freshness'
  | 'partial'

/** What storing a response means, decided from its head alone. Times are milliseconds. */
export interface Policy {
  lifetime: Lifetime
  initialAge: number
  receivedAt: number
  /** Never used without asking the origin. */
  noCache: boolean
  /** Never used stale. */
  mustRevalidate: boolean
  immutable: boolean
  staleWhileRevalidate: number
  /** Undefined: the origin said nothing, and the cache's own bound holds. */
  staleIfError: number | undefined
  vary: readonly string[]
  validators: Validators
  partial: ContentRange | undefined
  /** Lower-case names of fields that are not stored. */
  omitted: ReadonlySet<string>
}

/** Statuses whose caching this cache understands (RFC 9111, section 3, for must-understand). */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408,
  409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504,
  505, 511,
])

/** Fields of one connection or one proxy (RFC 9111, section 3.1), and those that a stored response makes anew. */
const NEVER_STORED = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'age',
]

/** A cookie is for one client, unless the origin names it among what is for all. */
const USUALLY_OMITTED: ReadonlySet<string> = new Set([...NEVER_STORED, 'set-cookie'])

/**
 * Whether a response may be stored, and on what terms (RFC 9111, section 3). The request is a GET, or stands for
 * one. The reason of a refusal is the first rule that forbids.
 */
export function judge(
  request: CacheRequest,
  head: ResponseHead,
  reception: Reception,
  rules: StorageRules,
): Policy | Refusal {
  const { statusCode, headers } = head
  const { directives, targeted } = directivesOf(headers)
  const isStatic = request.mode === 'static'

  if (statusCode < 200 || statusCode === 304) return 'status'
  if (directives.mustUnderstand) {
    if (!UNDERSTOOD.has(statusCode)) return 'not-understood'
  } else if (directives.noStore) return 'no-store'
  if (directives.private) return 'private'
  if (request.headers.authorization !== undefined && (isStatic || !allowsAuthorized(directives))) {
    return 'authorization'
  }
  const vary = varyNames(headers)
  if (vary === undefined) return 'vary'

  const contentRange = statusCode === 206 ? singleValue(headers, 'content-range') : undefined
  const partial = contentRange === undefined ? undefined : parseContentRange(contentRange)
  if (statusCode === 206 && partial === undefined) return 'partial'

  const validators = validatorsOf(headers, reception.receivedWall)
  const explicit = explicitLifetime(headers, directives, validators.date, !targeted)
  const isPermitted = directives.public || (explicit !== undefined && explicit.ms > 0)
  const hasCookie = fieldLines(headers, 'set-cookie').length > 0
  if (hasCookie && (isStatic || !isPermitted)) return 'set-cookie'
  const isAsset = isStatic && rules.assets.isAssetType(request.target, singleValue(headers, 'content-type'))
  if (isStatic && !isAsset && !isPermitted) return 'content-type'

  const lifetime =
    explicit ?? impliedLifetime(head, directives, validators, isAsset ? rules.defaultTtl : undefined)
  if (lifetime === undefined) return 'no-freshness'

  const policy: Policy = {
    lifetime,
    initialAge: initialAge(headers, validators.date, reception),
    receivedAt: reception.receivedAt,
    noCache: directives.noCache,
    // s-maxage means proxy-revalidate too (RFC 9111, section 5.2.2.10).
    mustRevalidate:
      directives.mustRevalidate || directives.proxyRevalidate || directives.sMaxage !== undefined,
    immutable: directives.immutable,
    staleWhileRevalidate: (directives.staleWhileRevalidate ?? 0) * 1000,
    staleIfError: directives.staleIfError === undefined ? undefined : directives.staleIfError * 1000,
    vary,
    validators,
    partial,
    omitted: omittedFields(headers, directives),
  }
  return isWorthStoring(policy) ? policy : 'no-freshness'
}

/** The directives that hold for us: those of CDN-Cache-Control where there are any (RFC 9213), else Cache-Control. */
function directivesOf(headers: FlatHeaders): { directives: ResponseDirectives; targeted: boolean } {
  const cdn = fieldValue(headers, 'cdn-cache-control')
  const targeted = cdn === undefined ? undefined : parseTargetedDirectives(cdn)
  if (targeted !== undefined) return { directives: targeted, targeted: true }
  const value = fieldValue(headers, 'cache-control')
  if (value !== undefined) return { directives: parseResponseDirectives(value), targeted: false }
  const directives = noResponseDirectives()
  directives.noCache = tokenList(fieldValue(headers, 'pragma') ?? '').includes('no-cache')
  return { directives, targeted: false }
}

/** RFC 9111, section 3.5. */
function allowsAuthorized(directives: ResponseDirectives): boolean {
  return directives.public || directives.mustRevalidate || directives.sMaxage !== undefined
}

/** The lifetime where the origin gave none, or undefined where nothing allows that the response is stored. */
function impliedLifetime(
  head: ResponseHead,
  directives: ResponseDirectives,
  validators: Validators,
  defaultTtl: number | undefined,
): Lifetime | undefined {
  if (directives.noCache) return { ms: 0, source: 'none' }
  if (
    defaultTtl !== undefined &&
    (head.statusCode === 200 || head.statusCode === 203 || head.statusCode === 206)
  ) {
    return { ms: defaultTtl, source: 'default' }
  }
  if (!directives.public && !isHeuristicallyCacheable(head.statusCode)) return undefined
  return heuristicLifetime(validators.lastModified, validators.date) ?? { ms: 0, source: 'none' }
}

/** A response that could never be used, not even after validation, only takes room. */
function isWorthStoring(policy: Policy): boolean {
  const { validators, lifetime, partial } = policy
  const isUsable = !policy.noCache && lifetime.ms > policy.initialAge
  if (partial !== undefined) return isUsable
  const isStaleUsable =
    !policy.noCache &&
    !policy.mustRevalidate &&
    (policy.staleWhileRevalidate > 0 || (policy.staleIfError ?? 0) > 0)
  const canBeValidated = validators.etag !== undefined || validators.lastModified !== undefined
  return isUsable || isStaleUsable || canBeValidated
}

/** One set for all responses that name no fields: it is kept with each of them. */
function omittedFields(
  headers: FlatHeaders,
  { noCacheFields, privateFields, publicFields }: ResponseDirectives,
): ReadonlySet<string> {
  const connection = tokenList(fieldValue(headers, 'connection') ?? '')
  const replaysCookies = publicFields.includes('set-cookie')
  const named = [...connection, ...noCacheFields, ...privateFields]
  if (named.length === 0 && !replaysCookies) return USUALLY_OMITTED
  return new Set([...(replaysCookies ? NEVER_STORED : USUALLY_OMITTED), ...named])
}
