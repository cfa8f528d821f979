import { isIP } from 'node:net'

/** What a browser says of where a request comes from. */
export interface RequestSource {
  host?: string | undefined
  origin?: string | undefined
  'sec-fetch-site'?: string | string[] | undefined
}

/**
 * Whether a request names this port by a name that nobody else can point to it: an address, localhost, or one that is
 * allowed. A page of another site may bring a browser here under a name of its own (DNS rebinding), and would then
 * count as this site.
 */
export function isOwnHost(host: string | undefined, allowed: readonly string[]): boolean {
  const name = hostNameOf(host)
  if (name === undefined) return false
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowed.includes(name)
}

/** Whether a request was made by a page of another site. What is no browser says nothing of it. */
export function isCrossSite(source: RequestSource): boolean {
  const site = source['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  if (source.origin === undefined) return false
  return !URL.canParse(source.origin) || new URL(source.origin).host !== source.host?.toLowerCase()
}

/** Without port and brackets, in lower case; undefined where the field is missing or malformed. */
function hostNameOf(host: string | undefined): string | undefined {
  const [, address, name] = /^(?:\[([0-9a-f:.]+)\]|([^[\]:@/?#\s]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (address ?? name)?.toLowerCase()
}
