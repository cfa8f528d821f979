import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import https, { type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { ConfigInput } from '../../src/config/schema.ts'
import { cert, key } from '../helpers/certificate.ts'
import { type StartedGateway, startGateway } from '../helpers/raw-gateway.ts'

type TlsInput = ConfigInput['upstreams'][string]['tls']

async function start(
  t: TestContext,
  tls: TlsInput,
  handle: RequestListener = (_request, response) => response.end('ok'),
  options: ServerOptions = {},
): Promise<{ gateway: StartedGateway; seen: { requests: number } }> {
  const seen = { requests: 0 }
  const server = https.createServer({ key, cert, ...options }, (request, response) => {
    seen.requests++
    handle(request, response)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const gateway = await startGateway([], {
    upstream: {
      servers: [{ url: `https://127.0.0.1:${port}` }],
      retries: { attempts: 0 },
      ...(tls && { tls }),
    },
  })
  t.after(async () => {
    await gateway.close()
    server.closeAllConnections()
    server.close()
  })
  return { gateway, seen }
}

/** The key and the certificate as files, which is how a configuration names them. */
async function files(t: TestContext): Promise<{ keyFile: string; certFile: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-tls-'))
  t.after(() => rm(folder, { recursive: true }))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await writeFile(keyFile, key)
  await writeFile(certFile, cert)
  return { keyFile, certFile }
}

test('a server whose certificate nobody vouches for gets no request', async (t) => {
  const { gateway, seen } = await start(t, undefined)
  const response = await fetch(gateway.url)
  assert.equal(response.status, 502)
  assert.equal(response.headers.get('proxy-status'), 'headgate; error=tls_certificate_error')
  assert.equal(((await response.json()) as { code: string }).code, 'HEADGATE_TLS_CERTIFICATE')
  assert.equal(seen.requests, 0)
})

test('an authority of its own makes it trusted', async (t) => {
  const { certFile } = await files(t)
  const { gateway } = await start(t, { ca: certFile })
  assert.equal(await (await fetch(gateway.url)).text(), 'ok')
})

test('verification can be switched off', async (t) => {
  const { gateway } = await start(t, { verify: false })
  assert.equal(await (await fetch(gateway.url)).text(), 'ok')
})

test('the name that is asked for is the one that is verified, and not the Host of a request', async (t) => {
  const { certFile } = await files(t)
  const names: unknown[] = []
  const note: RequestListener = ({ socket, headers }, response) => {
    names.push((socket as TLSSocket & { servername?: string }).servername, headers.host)
    response.end()
  }
  const right = await start(t, { ca: certFile, servername: 'app.example' }, note)
  await fetch(right.gateway.url, { headers: { host: 'shop.example' } })
  assert.deepEqual(names[0], 'app.example')
  const wrong = await start(t, { ca: certFile, servername: 'other.example' })
  assert.deepEqual([(await fetch(wrong.gateway.url)).status, wrong.seen.requests], [502, 0])
})

test('the gateway shows a certificate of its own where a server wants one', async (t) => {
  const { certFile, keyFile } = await files(t)
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: cert }
  const who: RequestListener = ({ socket }, response) => {
    response.end((socket as TLSSocket).getPeerCertificate().subject.CN)
  }
  const known = await start(t, { ca: certFile, cert: certFile, key: keyFile }, who, mutual)
  assert.equal(await (await fetch(known.gateway.url)).text(), 'localhost')
  const unknown = await start(t, { ca: certFile }, who, mutual)
  assert.equal((await fetch(unknown.gateway.url)).status, 502)
})

test('a server that speaks no TLS is a 502', async (t) => {
  const gateway = await startGateway([], {
    upstream: { servers: [{ url: 'https://127.0.0.1:1' }], retries: { attempts: 0 } },
  })
  t.after(gateway.close)
  assert.equal((await fetch(gateway.url)).status, 502)
})
