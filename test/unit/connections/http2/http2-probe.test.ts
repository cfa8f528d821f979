import assert from 'node:assert/strict'
import test from 'node:test'
import { createHttp2Probe } from '../../../../src/connections/http2/http2-probe.ts'
import { cert } from '../../../helpers/certificate.ts'
import { closedPort, until } from '../counting-server.ts'
import { h2Server } from './h2-server.ts'

const never = new AbortController().signal

test('a probe tells a server that is well from one that is not, and leaves nothing behind', async (t) => {
  const server = await h2Server(
    t,
    (stream, headers) => {
      stream.respond({ ':status': headers[':path'] === '/well' ? 204 : 503 }, { endStream: true })
    },
    { tls: true },
  )
  const port = Number(new URL(server.origin).port)
  const address = { protocol: 'https:', host: '127.0.0.1', port } as const
  assert.equal(await createHttp2Probe({ path: '/well', tls: { ca: cert } })(address, never), true)
  assert.equal(await createHttp2Probe({ tls: { ca: cert } })(address, never), false)
  await assert.rejects(createHttp2Probe()(address, never), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await until(() => server.open === 0)
})

test('a probe rejects where nobody listens, and when it is given up', async (t) => {
  const nobody = { protocol: 'http:', host: '127.0.0.1', port: await closedPort() } as const
  await assert.rejects(createHttp2Probe()(nobody, never), { code: 'ECONNREFUSED' })

  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const server = await h2Server(t, () => resolve())
  const controller = new AbortController()
  const port = Number(new URL(server.origin).port)
  const probing = createHttp2Probe()({ protocol: 'http:', host: '127.0.0.1', port }, controller.signal)
  await asked
  controller.abort(new Error('too slow'))
  await assert.rejects(probing, { message: 'too slow' })
  await until(() => server.open === 0)
})
