export interface ProxyHeaderInput {
  /** Version and command; default 2 and PROXY. */
  command?: number
  family: number
  address?: readonly number[]
  /** What stands behind the addresses. */
  rest?: string
}

/** A header of the PROXY protocol, version 2. */
export function proxyHeader({ command = 0x21, family, address = [], rest = '' }: ProxyHeaderInput): Buffer {
  const payload = Buffer.concat([Buffer.from(address), Buffer.from(rest, 'latin1')])
  const length = Buffer.alloc(2)
  length.writeUInt16BE(payload.length)
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([command, family]),
    length,
    payload,
  ])
}
