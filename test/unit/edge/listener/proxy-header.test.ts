import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ProxyHeaderReading, readProxyHeader } from '../../../../src/edge/listener/proxy-header.ts'
import { proxyHeader } from '../../../helpers/proxy-header.ts'

const read = (text: string): ProxyHeaderReading => readProxyHeader(Buffer.from(text, 'latin1'))

test('a line of version 1 names both ends', () => {
  assert.deepEqual(read('PROXY TCP4 192.0.2.1 198.51.100.2 1024 443\r\nGET / HTTP/1.1'), {
    length: 44,
    addresses: {
      remoteAddress: '192.0.2.1',
      localAddress: '198.51.100.2',
      remotePort: 1024,
      localPort: 443,
    },
  })
  assert.deepEqual(read('PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n'), {
    length: 40,
    addresses: { remoteAddress: '2001:db8::1', localAddress: '2001:db8::2', remotePort: 1, localPort: 2 },
  })
})

test('UNKNOWN and LOCAL leave the addresses of the connection', () => {
  assert.deepEqual(read('PROXY UNKNOWN\r\n'), { length: 15, addresses: undefined })
  assert.deepEqual(read('PROXY UNKNOWN ffff:: ffff:: 1 2\r\n'), { length: 33, addresses: undefined })
  assert.deepEqual(readProxyHeader(proxyHeader({ command: 0x20, family: 0 })), {
    length: 16,
    addresses: undefined,
  })
})

test('a header of version 2 names both ends, and what else it has is skipped', () => {
  assert.deepEqual(
    readProxyHeader(
      proxyHeader({ family: 0x11, address: [192, 0, 2, 1, 198, 51, 100, 2, 4, 0, 1, 187], rest: 'tlv' }),
    ),
    {
      length: 31,
      addresses: {
        remoteAddress: '192.0.2.1',
        localAddress: '198.51.100.2',
        remotePort: 1024,
        localPort: 443,
      },
    },
  )
  const six = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1]
  const reading = readProxyHeader(proxyHeader({ family: 0x21, address: [...six, ...six, 0, 1, 0, 2] }))
  assert.deepEqual(reading, {
    length: 52,
    addresses: { remoteAddress: '2001:db8::1', localAddress: '2001:db8::1', remotePort: 1, localPort: 2 },
  })
})

for (const [what, bytes] of [
  ['a request', 'GET / HTTP/1.1\r\n'],
  ['a TLS hello', '\x16\x03\x01'],
  ['a line without an end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['a family that nobody knows', 'PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n'],
  ['two spaces', 'PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n'],
  ['addresses of the other family', 'PROXY TCP4 ::1 ::1 1 1\r\n'],
  ['a port beyond all ports', 'PROXY TCP4 1.1.1.1 1.1.1.1 70000 1\r\n'],
  ['something behind the ports', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 x\r\n'],
  ['a name in lower case', 'proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n'],
] as const) {
  test(`${what} is no header`, () => assert.ok('fault' in (read(bytes) as object)))
}

test('a header of version 2 with another version, command, length or too few bytes is none', () => {
  for (const header of [
    proxyHeader({ command: 0x11, family: 0x11, address: Array(12).fill(1) }),
    proxyHeader({ command: 0x22, family: 0x11, address: Array(12).fill(1) }),
    proxyHeader({ family: 0x11, address: Array(8).fill(1) }),
    proxyHeader({ family: 0x11, address: Array(12).fill(1), rest: 'x'.repeat(2000) }),
  ]) {
    assert.ok('fault' in (readProxyHeader(header) as object), header.toString('hex'))
  }
})

test('a header is the same in one piece or byte by byte', () => {
  const whole = Buffer.concat([
    proxyHeader({ family: 0x11, address: [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2] }),
    Buffer.from('GET'),
  ])
  const line = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 1024 443\r\nGET')
  for (const bytes of [whole, line]) {
    const reading = readProxyHeader(bytes)
    assert.ok(reading !== 'more' && 'length' in reading)
    for (let end = 0; end < reading.length; end++) {
      assert.equal(readProxyHeader(bytes.subarray(0, end)), 'more', `${end} bytes`)
    }
  }
})

test('no bytes make it throw, and it never takes more than there are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isSigned) => {
      const start = isSigned ? proxyHeader({ family: 0x11 }).subarray(0, 12) : Buffer.alloc(0)
      const given = Buffer.concat([start, bytes])
      const reading = readProxyHeader(given)
      if (reading !== 'more' && 'length' in reading) assert.ok(reading.length <= given.length)
    }),
  )
})
