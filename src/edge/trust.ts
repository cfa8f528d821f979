import { BlockList, isIP, isIPv6 } from 'node:net'

/** Says whether a peer's address belongs to a proxy whose forwarding fields are believed. */
export type Trust = (address: string) => boolean

/**
 * @param trusted `false` nobody, `true` everybody, or a list of addresses and CIDR blocks
 */
export function trustPeers(trusted: boolean | readonly string[]): Trust {
  if (typeof trusted === 'boolean') return () => trusted
  const list = new BlockList()
  for (const entry of trusted) {
    const [address, bits] = entry.split('/') as [string, string?]
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The address of a peer, an IPv4 address in its own form where it came mapped into IPv6. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/**
 * The address of the client: the last one of X-Forwarded-For that no trusted proxy wrote for itself.
 *
 * @param chain the value of X-Forwarded-For, `undefined` where it is absent
 */
export function clientAddress(peer: string, chain: string | undefined, trust: Trust): string {
  if (chain === undefined || !trust(peer)) return peer
  const hops = chain.split(',').map((hop) => hop.trim())
  let client = peer
  for (let index = hops.length - 1; index >= 0 && trust(client); index--) {
    const hop = hops[index] as string
    if (isIP(hop) === 0) return client
    client = hop
  }
  return client
}
