import type { Refusal } from './storage.ts'

/** How a request was served: the label of `headgate_cache_requests_total`. */
export type CacheResult = 'hit' | 'miss' | 'stale' | 'revalidated' | 'bypass' | 'collapsed'

/** Why a request went to a server (RFC 9211, section 2.2). */
export type Forwarded = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial'

/** More about what happened, for people: the parameter `detail`. */
export type Detail =
  | Refusal
  | 'extension'
  | 'request-body'
  | 'precondition'
  | 'rerouted'
  | 'too-large'
  | 'invalidated'
  | 'incomplete'
  | 'closed'
  | 'stale-while-revalidate'
  | 'stale-if-error'
  | 'max-stale'

/** The name that this cache gives itself (RFC 9211, section 2). */
const NAME = 'headgate'

/** The field of a response from the store. `ttl` is in seconds, negative when it is stale. */
export function hitStatus(ttl: number, detail?: Detail): string {
  const status = `${NAME}; hit; ttl=${ttl}`
  return detail === undefined ? status : `${status}; detail=${detail}`
}

/** The field of a response that was forwarded. */
export function forwardedStatus(
  forwarded: Forwarded,
  more: {
    status?: number | undefined
    ttl?: number | undefined
    stored?: boolean
    collapsed?: boolean
    detail?: Detail | undefined
  },
): string {
  let field = `${NAME}; fwd=${forwarded}`
  if (more.status !== undefined) field += `; fwd-status=${more.status}`
  if (more.ttl !== undefined) field += `; ttl=${more.ttl}`
  if (more.stored === true) field += '; stored'
  if (more.collapsed === true) field += '; collapsed'
  if (more.detail !== undefined) field += `; detail=${more.detail}`
  return field
}
