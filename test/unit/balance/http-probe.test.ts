import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { createHttpProbe } from '../../../src/balance/http-probe.ts'
import { listen } from '../../helpers/bare-server.ts'
import { serverSpec } from '../../helpers/upstream.ts'

async function start(t: TestContext, listener: RequestListener) {
  return serverSpec('s0', 1, { host: '127.0.0.1', port: await listen(t, createServer(listener)) })
}

const never = new AbortController().signal

for (const [status, isWell] of [
  [200, true],
  [204, true],
  [302, true],
  [404, false],
  [500, false],
] as const) {
  test(`an answer of ${status} is ${isWell ? 'well' : 'unwell'}`, async (t) => {
    const paths: string[] = []
    const spec = await start(t, (request, response) => {
      paths.push(request.url!)
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    assert.equal(await createHttpProbe({ path: '/ready' })(spec, never), isWell)
    assert.deepEqual(paths, ['/ready'])
  })
}

test('an endless body is not read to its end', async (t) => {
  const spec = await start(t, (_request, response) => {
    const write = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      if (!response.destroyed) response.once('drain', write)
    }
    write()
  })
  assert.equal(await createHttpProbe()(spec, never), true)
})

test('each check has a connection of its own, which ends with it', async (t) => {
  const ports = new Set<number>()
  const spec = await start(t, (request, response) => {
    ports.add(request.socket.remotePort!)
    response.end('ok')
  })
  const probe = createHttpProbe()
  await probe(spec, never)
  await probe(spec, never)
  assert.equal(ports.size, 2)
})

test('a server that does not answer is given up when the signal says so', async (t) => {
  const spec = await start(t, () => {})
  const controller = new AbortController()
  const asked = createHttpProbe()(spec, controller.signal)
  controller.abort()
  await assert.rejects(asked, { name: 'AbortError' })
})

test('a server that nobody listens on is a rejection', async () => {
  await assert.rejects(createHttpProbe()(serverSpec('s0', 1, { host: '127.0.0.1', port: 1 }), never), {
    code: 'ECONNREFUSED',
  })
})
