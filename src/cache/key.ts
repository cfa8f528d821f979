import type { IncomingHttpHeaders } from 'node:http'

/** A request as the cache sees it. */
export interface CacheRequest {
  /** As received, in upper case where the method is a standard one. */
  method: string
  /** `http` or `https`: the scheme of the client's request. */
  scheme: string
  /** The host that the server is told (Host, X-Forwarded-Host), as it was received, with its port. */
  host: string
  /** Path and query after path normalisation, exactly as they go to the server, before a prefix is stripped. */
  target: string
  headers: IncomingHttpHeaders
  /** `static`: GET and HEAD of static assets. `all`: whatever RFC 9111 lets a shared cache store. `off`: nothing. */
  mode: CacheMode
  /**
   * What else tells one resource from another under the same URL: the name of the route, where routes differ by
   * request headers. It is part of the key. Default: nothing.
   */
  partition?: string
}

export type CacheMode = 'static' | 'all' | 'off'

/** Stands between URL and partition; no URL contains it. */
export const PARTITION_MARK = '\n'

/** A host as all who mean it write it: in lower case, without the port that the scheme stands for (RFC 9110, section 4.2.3). */
export function canonicalHost({ scheme, host }: Pick<CacheRequest, 'scheme' | 'host'>): string {
  const lower = host.toLowerCase()
  const port = scheme === 'https' ? ':443' : ':80'
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower
}

/** The primary key: the target URI (RFC 9111, section 2), and the partition. Nothing else that a client sends is in it. */
export function keyOf(request: CacheRequest): string {
  const url = `${request.scheme}://${canonicalHost(request)}${request.target}`
  return request.partition ? url + PARTITION_MARK + request.partition : url
}

/**
 * The URL of a Location or Content-Location, resolved against the URL of the request, without its fragment;
 * undefined when it is none or of another origin (RFC 9111, section 4.4).
 */
export function sameOriginUrl(reference: string, base: string): string | undefined {
  if (!URL.canParse(reference, base)) return undefined
  const url = new URL(reference, base)
  if (url.origin !== new URL(base).origin) return undefined
  return `${url.protocol}//${url.host}${url.pathname}${url.search}`
}
