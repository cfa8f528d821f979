import { isIP } from 'node:net'

/** One label of a host name; with underscores, which names of containers carry. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** What address parsers take for a number, so that `127.1` and `0x7f000001` would be addresses in disguise. */
const number = /^(?:\d+|0x[0-9a-f]*)$/

/**
 * The one way in which a host is written here: names in lower case without the final dot, IPv6 compressed and
 * without brackets. Undefined for what is neither a name (RFC 1123, section 2.1) nor an address.
 */
export function normalizeHost(text: string): string | undefined {
  if (text.length > 255) return undefined
  const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text.toLowerCase()
  const family = isIP(host)
  if (family === 4) return text === host ? host : undefined
  // A zone (`fe80::1%eth0`) means something on one machine alone and cannot stand in a URL.
  if (family === 6) return host.includes('%') ? undefined : new URL(`http://[${host}]`).hostname.slice(1, -1)
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  if (name.length > 253) return undefined
  const labels = name.split('.')
  if (!labels.every((part) => label.test(part))) return undefined
  return number.test(labels.at(-1)!) ? undefined : name
}

/** `host:port`, the label of a server in metrics and logs. */
export function serverName(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
