import assert from 'node:assert/strict'
import type { ClientHttp2Session } from 'node:http2'
import { after, before, suite, test } from 'node:test'
import type { ResponseCase } from '../battery/case.ts'
import * as battery from '../battery/http2.ts'
import * as responses from '../battery/responses.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { connectH2, requestH2 } from '../helpers/h2-client.ts'
import { type StartedGateway, startGateway } from '../helpers/raw-gateway.ts'
import { errorCodes, isOver, RawH2Client } from '../helpers/raw-h2-client.ts'
import { RawServer } from '../helpers/raw-server.ts'

const files = writeCertificate()
let server: RawServer
let gateway: StartedGateway
let session: ClientHttp2Session

before(async () => {
  server = await new RawServer().listen()
  gateway = await startGateway([server.port], {
    server: { tls: { cert: files.cert, key: files.key } },
    upstream: { retries: { attempts: 0 } },
  })
  session = await connectH2(gateway.port)
})

after(async () => {
  session.destroy()
  await gateway.close()
  await server.close()
  files.remove()
})

const sections: Record<string, readonly battery.Http2Case[]> = { ...battery }
const responseSections: Record<string, readonly ResponseCase[]> = { ...responses }

for (const [section, cases] of Object.entries(sections)) {
  suite(`requests over HTTP/2, ${section}`, () => {
    for (const one of cases) test(one.name, () => checkRequest(one))
  })
}

for (const [section, cases] of Object.entries(responseSections)) {
  suite(`responses over HTTP/2, ${section}`, () => {
    for (const one of cases) test(one.name, () => checkResponse(one))
  })
}

test('no two have one name', () => {
  const names = Object.values(sections)
    .flat()
    .map(({ name }) => name)
  assert.ok(names.length >= 60, `${names.length} cases`)
  assert.equal(new Set(names).size, names.length)
})

test('after all that the gateway serves as before', async () => {
  server.respond = (_request, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const fresh = await connectH2(gateway.port)
  const { status, body } = await requestH2(fresh, '/')
  assert.deepEqual({ status, body }, { status: 200, body: 'ok' })
  fresh.destroy()
})

async function checkRequest(one: battery.Http2Case): Promise<void> {
  const { passed = [], status = passed.length > 0 ? 200 : undefined, broken } = one
  const from = server.requests.length
  server.faults.length = 0
  server.respond = (_request, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const client = await RawH2Client.connect(gateway.port)
  try {
    await one.send(client)
    const stream = client.stream(1)
    const codes = () => [
      ...client.goaways,
      ...[...client.streams.values()].flatMap(({ reset }) => reset ?? []),
    ]
    if (broken === undefined) {
      await client.until(() => isOver(stream) || client.isClosed, 'an answer')
      assert.ok(stream.isEnded, client.describe())
      assert.ok([status].flat().includes(stream.statuses.at(-1)), client.describe())
    } else {
      await client.until(
        () => codes().some((code) => code !== errorCodes.none) || client.isClosed,
        'an error',
      )
      const found = codes().filter((code) => code !== errorCodes.none)
      assert.ok(
        found.length === 0 ? client.isClosed : found.some((code) => broken.includes(code)),
        client.describe(),
      )
    }
  } finally {
    client.close()
  }
  assert.deepEqual(server.faults, [], 'what reaches a server is well formed')
  if (broken !== undefined) return
  const seen = server.requests.slice(from)
  assert.equal(seen.length, passed.length, `requests at the server: ${seen.map(({ head }) => head)}`)
  for (const [index, { fields = {}, ...rest }] of passed.entries()) {
    const request = seen[index]!
    for (const [key, value] of Object.entries(rest)) assert.equal(request[key as 'body'], value, key)
    for (const [name, value] of Object.entries(fields)) {
      const found = request.fields.filter(([other]) => other === name).map(([, text]) => text)
      assert.deepEqual(found, value === undefined ? [] : [value], name)
    }
  }
}

/** The fields of one connection, and what the two versions write differently. */
const notOverHttp2 = new Set(['connection', 'keep-alive', 'transfer-encoding'])

async function checkResponse(one: ResponseCase): Promise<void> {
  const { bytes, request = 'GET / HTTP/1.1', closes, isCut = false, status = 502 } = one
  server.respond = async (_request, socket) => {
    for (const piece of [bytes].flat()) {
      socket.write(piece, 'latin1')
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (closes === 'end') socket.end()
    else if (closes === 'reset') setTimeout(() => socket.resetAndDestroy(), 15)
  }
  const method = request.slice(0, request.indexOf(' '))
  const answer = await requestH2(session, '/', {
    headers: { ':method': method },
    ...(method === 'POST' && { body: 'abc' }),
  })
  assert.ok(!session.destroyed, 'the other streams live on')
  // Where none of it had left yet, an error is better than half a response.
  if (isCut && answer.status === 502) return checkError(answer.body)
  assert.equal(answer.status, status)
  assert.equal(answer.isComplete, !isCut)
  if (isCut) assert.notEqual(answer.rstCode, 0, 'a broken answer is reset')
  if (one.body !== undefined) assert.equal(answer.body, one.body)
  for (const [name, value] of Object.entries(one.fields ?? {})) {
    if (notOverHttp2.has(name)) assert.equal(answer.headers[name], undefined, name)
    else
      assert.equal(
        [answer.headers[name] ?? []].flat().join('|') || undefined,
        expectedValue(name, value),
        name,
      )
  }
  if (status === 502) checkError(answer.body)
}

/** Node joins the lines of all fields but this one. */
function expectedValue(name: string, value: string | undefined): string | undefined {
  return name === 'set-cookie' ? value : value?.replaceAll('|', ', ')
}

function checkError(body: string): void {
  const { statusCode, code } = JSON.parse(body)
  assert.equal(statusCode, 502)
  assert.match(code, /^HEADGATE_/)
  assert.ok(!body.includes(String(server.port)), 'no address')
}
