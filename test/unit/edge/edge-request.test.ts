import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { EdgeRequest } from '../../../src/edge/edge-request.ts'
import { listen } from '../../helpers/bare-server.ts'
import { sendRaw } from '../../helpers/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'

async function start(
  t: TestContext,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  return listen(t, createServer({ IncomingMessage: EdgeRequest }, handle))
}

test('a request that nobody reads or listens to is over as its response is', async (t) => {
  const states: unknown[] = []
  const port = await start(t, (request, response) => {
    response.on('close', () => states.push([request.readableEnded, request.closed]))
    response.end()
  })

  const { statuses } = await sendRaw(port, get + get)

  assert.deepEqual(statuses, [200, 200])
  assert.deepEqual(states, [
    [true, true],
    [true, true],
  ])
})

test('who listens to a request hears its end', async (t) => {
  const heard: string[] = []
  const port = await start(t, (request, response) => {
    request.on('end', () => heard.push('end'))
    request.on('close', () => heard.push('close'))
    response.end()
  })

  await sendRaw(port, get)

  assert.deepEqual(heard, ['end', 'close'])
})

test('who listens to a request hears that its client has left', async (t) => {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  const port = await start(t, resolve)

  void sendRaw(port, get).catch(() => {})
  const request = await promise
  const closed = new Promise((resolve) => request.on('close', resolve))
  request.socket.destroy()

  await closed
  assert.equal(request.destroyed, true)
})

test('the next request is found behind a body that nobody has read', async (t) => {
  const port = await start(t, (_request, response) => response.end())
  const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nGET '

  const { statuses } = await sendRaw(port, post + get + post + get)

  assert.deepEqual(statuses, [200, 200, 200, 200])
})
