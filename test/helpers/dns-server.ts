import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'

/** The answer to one question: addresses (A, AAAA) or services (SRV). */
export interface DnsRecord {
  type: 'A' | 'AAAA' | 'SRV'
  /** Seconds. */
  ttl: number
  /** The address, or the target of a service. */
  data: string
  priority?: number
  weight?: number
  port?: number
}

const types = { A: 1, AAAA: 28, SRV: 33 } as const

/** A name server on loopback that knows what a test tells it (RFC 1035; UDP, one question a message). */
export class DnsServer {
  /** By name in lower case. */
  readonly records = new Map<string, DnsRecord[]>()
  /** While true, questions get no answer. */
  isSilent = false
  questions = 0
  readonly #socket: Socket = createSocket('udp4')

  async listen(): Promise<string> {
    this.#socket.on('message', (message, from) => {
      this.questions++
      if (!this.isSilent) this.#socket.send(this.#answer(message), from.port, from.address)
    })
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    return `127.0.0.1:${this.#socket.address().port}`
  }

  async close(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #answer(message: Buffer): Buffer {
    let end = 12
    const labels: string[] = []
    for (let length = message[end]!; length > 0; length = message[end]!) {
      labels.push(message.toString('latin1', end + 1, end + 1 + length))
      end += 1 + length
    }
    const type = message.readUInt16BE(end + 1)
    const known = this.records.get(labels.join('.').toLowerCase())
    const answers = (known ?? []).filter((record) => types[record.type] === type)
    const header = Buffer.alloc(12)
    header.writeUInt16BE(message.readUInt16BE(0), 0)
    // A response, recursion desired and available; NXDOMAIN (3) where the name is unknown.
    header.writeUInt16BE(0x8180 | (known === undefined ? 3 : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(answers.length, 6)
    return Buffer.concat([header, message.subarray(12, end + 5), ...answers.map(encode)])
  }
}

function encode(record: DnsRecord): Buffer {
  const data = encodeData(record)
  const head = Buffer.alloc(12)
  // The name of the question, by a pointer to it.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(types[record.type], 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(record.ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function encodeData({ type, data, priority = 0, weight = 0, port = 0 }: DnsRecord): Buffer {
  if (type === 'A') return encodeIPv4(data)
  if (type === 'AAAA') return encodeIPv6(data)
  const head = Buffer.alloc(6)
  head.writeUInt16BE(priority, 0)
  head.writeUInt16BE(weight, 2)
  head.writeUInt16BE(port, 4)
  const labels = data
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([head, ...labels, Buffer.from([0])])
}

function encodeIPv4(address: string): Buffer {
  if (!isIPv4(address)) throw new Error(`${address} is no IPv4 address`)
  return Buffer.from(address.split('.').map(Number))
}

function encodeIPv6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const gap = new Array<string>(8 - groups(head).length - groups(tail).length).fill('0')
  return Buffer.from(
    [...groups(head), ...gap, ...groups(tail)].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  )
}
