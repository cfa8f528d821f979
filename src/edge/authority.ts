import { isIPv6 } from 'node:net'

/**
 * Without a comma and without an empty label, which stand in no name: the first is what some make of two Host fields,
 * and readers differ on the second.
 */
const registeredName = /^(?!.*\.\.)(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+(?::(\d{0,5}))?$/
const literal = /^\[([0-9A-Fa-f:.]+)\](?::(\d{0,5}))?$/

/** True for a host with an optional port as RFC 3986, section 3.2 has it, without user information. */
export function isAuthority(text: string): boolean {
  const name = registeredName.exec(text)
  if (name !== null) return isPort(name[1])
  const address = literal.exec(text)
  return address !== null && isIPv6(address[1] as string) && isPort(address[2])
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= 65535
}

/** The host of an authority, in lower case and without its port or a trailing dot. */
export function hostOf(authority: string): string {
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.indexOf(':')
  const host = (end <= 0 ? authority : authority.slice(0, end)).toLowerCase()
  return host.endsWith('.') ? host.slice(0, -1) : host
}
