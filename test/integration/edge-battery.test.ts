import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { RequestCase, ResponseCase, Seen } from '../battery/case.ts'
import * as fields from '../battery/fields.ts'
import * as framing from '../battery/framing.ts'
import * as hostile from '../battery/hostile.ts'
import * as lines from '../battery/request-line.ts'
import * as responseTricks from '../battery/response-tricks.ts'
import * as responses from '../battery/responses.ts'
import * as smuggling from '../battery/smuggling.ts'
import * as trailers from '../battery/trailers.ts'
import { parse, sendRaw, statusesIn } from '../helpers/raw-client.ts'
import { type StartedGateway, startGateway } from '../helpers/raw-gateway.ts'
import { decodeBody } from '../helpers/raw-message.ts'
import { RawServer, type SeenRequest } from '../helpers/raw-server.ts'

const requestSections: Record<string, readonly RequestCase[]> = {
  ...lines,
  ...fields,
  ...framing,
  ...smuggling,
  ...hostile,
  ...trailers,
}
const responseSections: Record<string, readonly ResponseCase[]> = { ...responses, ...responseTricks }

let server: RawServer
let gateway: StartedGateway

before(async () => {
  server = await new RawServer().listen()
  gateway = await startGateway([server.port], {
    upstream: { retries: { attempts: 0 }, connections: { maxAge: 0, maxRequests: 0 } },
  })
})

after(async () => {
  await gateway.close()
  await server.close()
})

for (const [section, cases] of Object.entries(requestSections)) {
  suite(`requests, ${section}`, () => {
    for (const one of cases) test(one.name, () => checkRequest(one))
  })
}

for (const [section, cases] of Object.entries(responseSections)) {
  suite(`responses, ${section}`, () => {
    for (const one of cases) test(one.name, () => checkResponse(one))
  })
}

test('there are enough of them, and no two have one name', () => {
  const names = [...Object.values(requestSections), ...Object.values(responseSections)]
    .flat()
    .map(({ name }) => name)
  assert.ok(names.length >= 700, `${names.length} cases`)
  assert.equal(new Set(names).size, names.length)
})

async function checkRequest({
  bytes,
  refused,
  passed = [],
  before = [],
  statuses,
}: RequestCase): Promise<void> {
  const from = server.requests.length
  server.faults.length = 0
  server.respond = (_request, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const expected = statuses?.length ?? (refused === undefined ? passed.length : 1)
  const { text, isClosed } = await sendRaw(gateway.port, bytes, {
    quietMs: 25,
    pauseMs: 4,
    until: (soFar) => refused === undefined && statusesIn(soFar).length >= expected,
  })
  const got = statusesIn(text)
  assert.deepEqual(server.faults, [], 'what reaches a server is well formed')
  if (refused === undefined) assert.deepEqual(got, statuses ?? passed.map(() => 200), text)
  else checkRefusal(got, [refused].flat(), statuses, isClosed, text)
  checkSeen(server.requests.slice(from), refused === undefined ? passed : before)
}

function checkRefusal(
  got: number[],
  allowed: number[],
  statuses: readonly number[] | undefined,
  isClosed: boolean,
  text: string,
): void {
  assert.ok(isClosed, `the connection is closed: ${text}`)
  if (statuses !== undefined) assert.deepEqual(got, statuses)
  else
    assert.ok(
      got.length <= 1 && allowed.includes(got[0] ?? 0),
      `${got} is one of ${allowed}: ${text.slice(0, 300)}`,
    )
}

function checkSeen(seen: readonly SeenRequest[], expected: readonly Seen[]): void {
  assert.equal(seen.length, expected.length, `requests at the server: ${seen.map(({ head }) => head)}`)
  for (const [index, { fields: wanted = {}, ...rest }] of expected.entries()) {
    const request = seen[index]!
    for (const [key, value] of Object.entries(rest))
      assert.deepEqual(request[key as keyof SeenRequest], value, key)
    for (const [name, value] of Object.entries(wanted)) {
      const found = request.fields.filter(([other]) => other === name).map(([, text]) => text)
      assert.deepEqual(found, value === undefined ? [] : [value], name)
    }
  }
}

async function checkResponse(one: ResponseCase): Promise<void> {
  const { bytes, request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', closes, isCut = false, status } = one
  server.respond = async (_request, socket) => {
    for (const piece of [bytes].flat()) {
      socket.write(piece, 'latin1')
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (closes === 'end') socket.end()
    else if (closes === 'reset') setTimeout(() => socket.resetAndDestroy(), 15)
  }
  const isHead = request.startsWith('HEAD')
  const { text, isClosed } = await sendRaw(gateway.port, request, {
    quietMs: 25,
    until: (soFar) => !isCut && decodeBody(soFar, isHead) !== undefined,
  })
  const { fields: found } = parse(text)
  const [got] = statusesIn(text)
  // Where none of it had left yet, an error is better than half a response.
  if (isCut && got === 502) return checkError(text)
  assert.equal(got, status, text.slice(0, 300))
  const body = decodeBody(text, isHead, isClosed)
  if (isCut) assert.ok(isClosed && body === undefined, `broken off: ${text}`)
  if (one.body !== undefined) assert.equal(body, one.body)
  for (const [name, value] of Object.entries(one.fields ?? {}))
    assert.equal(found.get(name)?.join('|'), value, name)
  if (one.has !== undefined) assert.ok(text.includes(one.has), text)
  if (one.hasNot !== undefined) assert.ok(!text.includes(one.hasNot), text)
  if (status === 502) checkError(text)
}

/** RFC 9209, and the contract of an error: JSON, and no address. */
function checkError(text: string): void {
  const { body, fields: found } = parse(text)
  const { statusCode, code, requestId } = JSON.parse(body)
  assert.equal(statusCode, 502)
  assert.match(code, /^HEADGATE_/)
  assert.equal(found.get('x-request-id')?.[0], requestId)
  assert.match(found.get('proxy-status')?.[0] ?? '', /^headgate; error=\w+$/)
  assert.ok(!text.includes('127.0.0.1') && !text.includes(String(server.port)), 'no address')
}
