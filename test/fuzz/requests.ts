import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { seededRandom } from '../../bench/simulation/seeded-random.ts'
import { sendRaw } from '../helpers/raw-client.ts'
import { startGateway } from '../helpers/raw-gateway.ts'
import { RawServer, type SeenRequest } from '../helpers/raw-server.ts'
import { generate } from './generate.ts'
import { hasNginx, NginxReader } from './nginx-reader.ts'

// Requests, valid and mutated, go through the gateway; what arrives is read by a parser that shares nothing with it.
// The same bytes go straight to Node's own server. Whatever arrives must be what one of the two ends would have read:
// nothing may arrive that Node does not see in those bytes, and nothing in another form. Where nginx is installed, it
// gets what arrived as a second judge: it must understand the same, and refuse nothing.
//
//     node test/fuzz/requests.ts [rounds] [seed]

/** What a request says, as far as both ends must agree. */
interface Reading {
  method: string
  target: string
  body: string
  fields: string[]
  trailers: string[]
}

export interface FuzzResult {
  rounds: number
  passed: number
  refused: number
  differences: string[]
}

/** @param judge reads what arrives a second time */
export async function fuzzRequests(rounds: number, seed: number, judge?: NginxReader): Promise<FuzzResult> {
  const random = seededRandom(seed)
  const behind = await new RawServer().listen()
  const gateway = await startGateway([behind.port], {
    upstream: { retries: { attempts: 0 } },
    server: { maxHeadersCount: 0 },
  })
  const node = await nodeReader()
  const result: FuzzResult = { rounds, passed: 0, refused: 0, differences: [] }
  for (let round = 0; round < rounds; round++) {
    const bytes = generate(random)
    behind.requests.length = 0
    behind.faults.length = 0
    const { text } = await sendRaw(gateway.port, bytes, { quietMs: 4, patienceMs: 25 })
    await quiet(gateway.app.server)
    const seen = [...behind.requests]
    const arrived = seen.map(readingOf)
    const expected = await node.read(bytes, seen.length)
    const difference =
      compare(arrived, expected, behind.faults) ?? (judge && (await secondOpinion(judge, seen)))
    if (difference !== undefined) {
      result.differences.push(
        `seed ${seed}, round ${round}: ${difference}\n${JSON.stringify(bytes)}\n${text.slice(0, 200)}`,
      )
    }
    if (arrived.length > 0) result.passed++
    else result.refused++
  }
  await gateway.close()
  await behind.close()
  await node.close()
  return result
}

function readingOf({ method, target, body, fields, trailers }: SeenRequest): Reading {
  const lines = (pairs: [string, string][]) => pairs.map(([name, value]) => `${name}: ${value}`)
  return { method, target, body, fields: endToEnd(lines(fields)), trailers: lines(trailers) }
}

/** Why nginx understands what arrived in another way; it drops trailers. */
async function secondOpinion(judge: NginxReader, seen: SeenRequest[]): Promise<string | undefined> {
  if (seen.length === 0) return undefined
  const { requests, statuses } = await judge.read(seen.map(({ raw }) => raw).join(''), seen.length)
  const ours = seen.map((one) => ({ ...readingOf(one), trailers: [] }))
  const theirs = requests.map(readingOf)
  if (theirs.length !== ours.length) {
    return `nginx reads ${theirs.length} of ${ours.length} requests, and says ${statuses}`
  }
  const difference = compare(ours, theirs, [])
  return difference && `nginx: ${difference}`
}

/** Why the two readings differ; undefined where what arrived is a beginning of what Node reads. */
function compare(arrived: Reading[], expected: Reading[], faults: string[]): string | undefined {
  if (faults.length > 0) return `a server got what does not parse: ${faults}`
  if (arrived.length > expected.length)
    return `${arrived.length} requests arrived, ${expected.length} were sent`
  for (const [index, reading] of arrived.entries()) {
    const { method, target, body, fields, trailers } = expected[index]!
    if (reading.method !== method) return `method ${reading.method}, not ${method}`
    if (reading.target !== resolved(target)) return `target ${reading.target}, not ${target}`
    if (reading.body !== body) return `body ${JSON.stringify(reading.body)}, not ${JSON.stringify(body)}`
    if (reading.trailers.join() !== trailers.join()) return `trailers ${reading.trailers}, not ${trailers}`
    const missing = fields.filter((field) => !reading.fields.includes(field))
    const invented = reading.fields.filter((field) => !fields.includes(field))
    if (missing.length + invented.length > 0) return `fields: ${missing} missing, ${invented} new`
  }
  return undefined
}

/** RFC 3986, section 5.2.4, by another way than the gateway's own. */
function resolved(target: string): string {
  const [, rest = target] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? []
  const [path = '', ...query] = (rest.startsWith('/') ? rest : `/${rest}`).split('?')
  let plain = path
  for (let before = ''; before !== plain; ) {
    before = plain
    plain = plain.replace(
      /\/\.(?=\/|$)/,
      plain.endsWith('/.') && plain.indexOf('/.') === plain.length - 2 ? '/' : '',
    )
    plain = plain.replace(/\/(?!\.\.?(?:\/|$))[^/]*\/\.\.(?:\/|$)/, '/')
  }
  return query.length === 0 ? plain : `${plain}?${query.join('?')}`
}

/** What belongs to one connection, or is the gateway's to write. */
const ownFields =
  /^(?:connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|content-length|upgrade|expect|host|via|x-forwarded-.*|x-request-id|traceparent|tracestate):/

function endToEnd(fields: string[]): string[] {
  const named = fields
    .filter((field) => field.startsWith('connection:'))
    .flatMap((field) => field.slice(11).split(','))
    .map((name) => name.trim().toLowerCase())
  return fields.filter(
    (field) => !ownFields.test(field) && !named.includes(field.slice(0, field.indexOf(':'))),
  )
}

function linesOf(raw: readonly string[]): string[] {
  const lines: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    lines.push(`${raw[index]!.toLowerCase()}: ${raw[index + 1]}`)
  }
  return lines
}

/** Waits until nobody is connected, so that nothing of a round arrives in the next. */
async function quiet(server: Server): Promise<void> {
  const count = () => new Promise<number>((resolve) => server.getConnections((_error, open) => resolve(open)))
  while ((await count()) > 0) await new Promise((resolve) => setImmediate(resolve))
}

interface NodeReader {
  /** What Node makes of these bytes; of so many requests at least, unless that takes very long. */
  read(bytes: string, count: number): Promise<Reading[]>
  close(): Promise<void>
}

/** Node's server as a reader of requests: strict, and none of the gateway's code in it. */
async function nodeReader(): Promise<NodeReader> {
  let readings: Reading[] = []
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 65_536 }, (request, response) => {
    const { method = '', url = '' } = request
    const fields = endToEnd(linesOf(request.rawHeaders))
    const reading: Reading = { method, target: url, body: '', fields, trailers: [] }
    // Taken down as soon as the head is there; the body of one that breaks off stays incomplete.
    readings.push(reading)
    request.on('data', (chunk: Buffer) => {
      reading.body += chunk.toString('latin1')
    })
    request.on('error', () => {})
    request.on('end', () => {
      reading.trailers = linesOf(request.rawTrailers)
      response.end('ok')
    })
  })
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('connect', (_request, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    async read(bytes, count) {
      readings = []
      const hasAll = () => readings.length >= count
      await sendRaw(port, bytes, { quietMs: 4, patienceMs: count > 0 ? 2000 : 25, until: hasAll })
      return readings
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [rounds = 20_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)
  const judge = hasNginx() ? await NginxReader.start() : undefined
  const { differences, passed, refused } = await fuzzRequests(rounds, seed, judge)
  await judge?.close()
  console.log(`seed ${seed}: ${passed} passed on, ${refused} refused, ${differences.length} differences`)
  for (const difference of differences.slice(0, 20)) console.log(difference)
  process.exitCode = differences.length === 0 ? 0 : 1
}
