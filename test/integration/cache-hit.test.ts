import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { configFor, startGateway, startOrigin } from '../helpers/gateway.ts'
import { sendRaw } from '../helpers/raw-client.ts'

const body = 'body { color: #123 }\n'.repeat(500)

async function startWarm(t: TestContext, config = {}, prepare?: Parameters<typeof startGateway>[2]) {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, 'Fine', {
      'Content-Type': 'text/css',
      'Cache-Control': 'max-age=60',
      'Content-Length': Buffer.byteLength(body),
      'X-Latin': 'caf\xe9',
      Link: ['</a>', '</b>'],
    })
    response.end(Buffer.from(body))
  })
  const gateway = await startGateway(t, configFor([origin], config), prepare)
  await sendRaw(gateway.port, ask())
  return { origin, port: gateway.port }
}

function ask(fields = '', version = '1.1', method = 'GET'): string {
  return `${method} /app.css HTTP/${version}\r\nHost: test\r\n${fields}\r\n`
}

/** Status line and fields, by their lower-case names. */
function headOf(text: string): { status: string; fields: Record<string, string> } {
  const [status = '', ...lines] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  const fields: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(': ')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 2)
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`
  }
  return { status, fields }
}

test('a hit says what the server said, and what the gateway adds, in one well-formed head', async (t) => {
  const { origin, port } = await startWarm(t)

  const { text } = await sendRaw(port, ask())

  const { status, fields } = headOf(text)
  assert.equal(status, 'HTTP/1.1 200 Fine')
  const { date, 'x-request-id': id, ...rest } = fields
  assert.deepEqual(rest, {
    'content-type': 'text/css',
    'cache-control': 'max-age=60',
    'content-length': String(body.length),
    'x-latin': 'caf\xe9',
    link: '</a>, </b>',
    age: '0',
    'cache-status': 'headgate; hit; ttl=60',
    via: '1.1 headgate',
    connection: 'keep-alive',
    'keep-alive': 'timeout=72',
  })
  assert.ok(date !== undefined && id !== undefined)
  assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), body)
  assert.equal(origin.requests.length, 1)
})

test('hits that stand in line on one connection come whole and in order', async (t) => {
  const { origin, port } = await startWarm(t)

  const { text } = await sendRaw(port, ask() + ask('', '1.1', 'HEAD') + ask('Connection: close\r\n'))

  const answers = text.split(/(?=HTTP\/1\.1 200 Fine\r\n)/)
  assert.equal(answers.length, 3)
  assert.deepEqual(
    answers.map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4)),
    [body, '', body],
  )
  const ids = new Set(answers.map((answer) => headOf(answer).fields['x-request-id']))
  assert.equal(ids.size, 3)
  assert.equal(headOf(answers[2] as string).fields.connection, 'close')
  assert.equal(origin.requests.length, 1)
})

for (const [what, request] of [
  ['that is to be the last of its connection', ask('Connection: close\r\n')],
  ['to a client of HTTP/1.0', ask('', '1.0')],
] as const) {
  test(`a hit ${what} ends the connection`, async (t) => {
    const { port } = await startWarm(t)

    const { text } = await sendRaw(port, request)

    assert.equal(headOf(text).fields.connection, 'close')
    assert.equal(headOf(text).fields['keep-alive'], undefined)
    assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), body)
  })
}

test('a hit carries the fields that a hook has set', async (t) => {
  const { origin, port } = await startWarm(t, {}, async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-frame-options', 'deny')
    })
  })

  const { text } = await sendRaw(port, ask('Connection: close\r\n'))

  const { fields } = headOf(text)
  assert.equal(fields['x-frame-options'], 'deny')
  assert.equal(fields['cache-status'], 'headgate; hit; ttl=60')
  assert.equal(origin.requests.length, 1)
})

test('hooks see a hit end, with its status', async (t) => {
  const seen: number[] = []
  const { port } = await startWarm(t, {}, async (app) => {
    app.addHook('onResponse', async (_request, reply) => void seen.push(reply.raw.statusCode))
  })

  await sendRaw(port, ask('Connection: close\r\n'))

  assert.deepEqual(seen, [200, 200])
})
