import { isIPv4, isIPv6 } from 'node:net'

/** Where a connection really comes from, and what it has reached, as a proxy in front says. */
export interface ProxiedAddresses {
  remoteAddress: string
  remotePort: number
  localAddress: string
  localPort: number
}

export interface ProxyHeader {
  /** Bytes that it takes. */
  length: number
  /** Undefined where the proxy speaks for itself, or does not say. */
  addresses: ProxiedAddresses | undefined
}

/** `more` = the header is not whole yet; a text = why it is none. */
export type ProxyHeaderReading = ProxyHeader | 'more' | { fault: string }

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** The longest line of version 1, and of version 2 with all that is allowed here beside the addresses. */
export const maxHeaderBytes = 1024
const maxLineBytes = 107
const fixedBytes = 16

/** Reads the header that the PROXY protocol, version 1 or 2, puts in front of a connection. */
export function readProxyHeader(bytes: Buffer): ProxyHeaderReading {
  if (bytes.length === 0) return 'more'
  if (bytes[0] === 0x50) return readLine(bytes)
  const known = Math.min(bytes.length, signature.length)
  if (signature.compare(bytes, 0, known, 0, known) !== 0)
    return { fault: 'it does not begin with a PROXY header' }
  return bytes.length < fixedBytes ? 'more' : readBinary(bytes)
}

/** Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 1024 443`. */
function readLine(bytes: Buffer): ProxyHeaderReading {
  const end = bytes.subarray(0, maxLineBytes).indexOf('\r\n')
  if (end === -1) return bytes.length >= maxLineBytes ? { fault: 'its line is too long' } : 'more'
  const length = end + 2
  const line = bytes.toString('latin1', 0, end)
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { length, addresses: undefined }
  const parts = /^PROXY (TCP[46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line)
  if (parts === null) return { fault: 'its line is malformed' }
  const [, family, remoteAddress = '', localAddress = '', remotePort, localPort] = parts
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6
  const addresses = {
    remoteAddress,
    remotePort: Number(remotePort),
    localAddress,
    localPort: Number(localPort),
  }
  const isSound = isAddress(remoteAddress) && isAddress(localAddress) && arePorts(addresses)
  return isSound ? { length, addresses } : { fault: 'its addresses are malformed' }
}

function arePorts({ remotePort, localPort }: ProxiedAddresses): boolean {
  return remotePort <= 65_535 && localPort <= 65_535
}

/** Version 2: a signature, a command, a family, a length, and addresses as bytes. */
function readBinary(bytes: Buffer): ProxyHeaderReading {
  const [command, family] = [bytes[12] as number, bytes[13] as number]
  const length = fixedBytes + bytes.readUInt16BE(14)
  if (command >> 4 !== 2) return { fault: 'its version is unknown' }
  if (length > maxHeaderBytes) return { fault: 'it is too long' }
  if (bytes.length < length) return 'more'
  const isLocal = (command & 15) === 0
  if (!isLocal && (command & 15) !== 1) return { fault: 'its command is unknown' }
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0
  if (isLocal || size === 0) return { length, addresses: undefined }
  const end = fixedBytes + 2 * size
  if (length < end + 4) return { fault: 'its addresses are cut short' }
  const address = (start: number) => textOf(bytes.subarray(start, start + size))
  return {
    length,
    addresses: {
      remoteAddress: address(fixedBytes),
      localAddress: address(fixedBytes + size),
      remotePort: bytes.readUInt16BE(end),
      localPort: bytes.readUInt16BE(end + 2),
    },
  }
}

function textOf(address: Buffer): string {
  if (address.length === 4) return address.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
