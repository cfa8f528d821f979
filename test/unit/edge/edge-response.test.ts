import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { edgeResponse, isReadyResponse } from '../../../src/edge/edge-response.ts'
import { listen } from '../../helpers/bare-server.ts'
import { sendRaw } from '../../helpers/raw-client.ts'

const head = 'HTTP/1.1 200 Fine\r\nContent-Length: 4\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n'

/** A server that sends its answer ready where it can, and says `503` where it cannot. */
async function start(t: TestContext, { isDraining = false, isBegun = false } = {}) {
  const server = createServer({ ServerResponse: edgeResponse(() => isDraining) }, (_request, response) => {
    if (isBegun) response.writeHead(503)
    assert.ok(isReadyResponse(response))
    if (response.sendReady(200, 'Fine', head, Buffer.from('body'))) return
    response.statusCode = 503
    response.end()
  })
  server.keepAliveTimeout = 7000
  return listen(t, server)
}

test('a head that was made before leaves as it is, with what Node says of the connection', async (t) => {
  const port = await start(t)

  const { text } = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(2))

  const answer = `${head}Connection: keep-alive\r\nKeep-Alive: timeout=7\r\n\r\nbody`
  assert.equal(text, answer + answer)
})

for (const [what, request, state] of [
  ['the client wants the connection closed', 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n', {}],
  ['the client speaks HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', {}],
  ['a body is still to come', 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n', {}],
  ['responses end their connections', 'GET / HTTP/1.1\r\nHost: test\r\n\r\n', { isDraining: true }],
  ['another head has been written', 'GET / HTTP/1.1\r\nHost: test\r\n\r\n', { isBegun: true }],
] as const) {
  test(`it is not sent where ${what}`, async (t) => {
    const port = await start(t, state)

    const { statuses, text } = await sendRaw(port, request)

    assert.deepEqual(statuses, [503])
    assert.doesNotMatch(text, /Fine/)
  })
}

test('a response of another kind cannot take it', () => {
  assert.equal(isReadyResponse({} as IncomingMessage), false)
})
