import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, startGateway } from '../helpers/gateway.ts'
import { sendRaw } from '../helpers/raw-client.ts'
import { RawServer } from '../helpers/raw-server.ts'

test('every interim response reaches the client, in its order', async (t) => {
  const server = await new RawServer((_request, socket) => {
    socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n')
    socket.write('HTTP/1.1 199 Whatever\r\nX-Step: 3\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')
  }).listen()
  t.after(() => server.close())
  const gateway = await startGateway(t, configFor([{ url: `http://127.0.0.1:${server.port}` }]))

  const { text } = await sendRaw(gateway.port, 'GET /page HTTP/1.1\r\nHost: test\r\n\r\n')

  assert.match(
    text,
    /^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 103 .*\r\n\r\nHTTP\/1\.1 199 .*X-Step: 3\r\n\r\nHTTP\/1\.1 204 /s,
  )
})

test('an early hint reaches the client, and is not stored with the answer', async (t) => {
  const server = await new RawServer((_request, socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nbody',
    )
  }).listen()
  t.after(() => server.close())
  const gateway = await startGateway(t, configFor([{ url: `http://127.0.0.1:${server.port}` }]))
  const request = 'GET /app.css HTTP/1.1\r\nHost: test\r\n\r\n'

  const miss = await sendRaw(gateway.port, request)
  const hit = await sendRaw(gateway.port, request)

  assert.match(miss.text, /^HTTP\/1\.1 103 /)
  assert.match(miss.text, /rel=preload/)
  assert.match(hit.text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(hit.text, /Cache-Status: headgate; hit/i)
  assert.doesNotMatch(hit.text, /103|preload/)
  assert.equal(server.requests.length, 1)
})
