import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import https from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tls, { type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { ConfigInput } from '../../src/config/schema.ts'
import { cert, key } from '../helpers/certificate.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { authority, client, renewed, shop } from '../helpers/certificates.ts'
import { configFor, eventually, type StartedGateway, startGateway, startOrigin } from '../helpers/gateway.ts'
import { connectH2, requestH2 } from '../helpers/h2-client.ts'
import { sendRaw } from '../helpers/raw-client.ts'
import { freePort } from '../helpers/raw-gateway.ts'

type TlsInput = NonNullable<NonNullable<ConfigInput['server']>['tls']>

interface Started extends StartedGateway {
  files: ReturnType<typeof writeCertificate>
  config: ConfigInput
}

async function start(
  t: TestContext,
  extra: Partial<TlsInput> = {},
  server: ConfigInput['server'] = {},
): Promise<Started> {
  const files = writeCertificate()
  t.after(files.remove)
  const origin = await startOrigin(t)
  const config = configFor([origin], {
    server: { ...server, tls: { cert: files.cert, key: files.key, ...extra } },
    cache: { mode: 'off' },
  })
  return { ...(await startGateway(t, config)), files, config }
}

async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  return socket
}

async function certificateOf(port: number, servername?: string): Promise<PeerCertificate> {
  const socket = await handshake(port, servername === undefined ? {} : { servername })
  const found = socket.getPeerCertificate()
  socket.destroy()
  return found
}

function get(port: number, options: https.RequestOptions = {}): Promise<{ status: number; headers: object }> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options },
      (response) => {
        response.resume()
        response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
      },
    )
    request.once('error', reject)
  })
}

test('ALPN chooses HTTP/2 where the client has it, HTTP/1.1 where it has not, or says nothing', async (t) => {
  const { port } = await start(t)
  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ] as const) {
    const socket = await handshake(port, offered === undefined ? {} : { ALPNProtocols: [...offered] })
    assert.equal(socket.alpnProtocol, chosen)
    socket.destroy()
  }
  await assert.rejects(handshake(port, { ALPNProtocols: ['spdy/3'] }))
  assert.equal((await get(port)).status, 200)
})

test('old versions and weak suites are refused', async (t) => {
  const { port } = await start(t)
  await assert.rejects(
    handshake(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
  )
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }))
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }))
  const socket = await handshake(port, { maxVersion: 'TLSv1.2' })
  assert.match(socket.getCipher().name, /^ECDHE-.*(?:GCM|POLY1305)/)
  socket.destroy()
})

test('minVersion can ask for TLS 1.3', async (t) => {
  const { port } = await start(t, { minVersion: 'TLSv1.3' })
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2' }))
  const socket = await handshake(port)
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  socket.destroy()
})

test('the certificate is that of the name which the client asks for, wildcards included', async (t) => {
  const other = writeCertificate(shop)
  t.after(other.remove)
  const { port } = await start(t, { certificates: [{ cert: other.cert, key: other.key }] })
  const nameOf = async (servername?: string) => (await certificateOf(port, servername)).subject.CN
  assert.equal(await nameOf('shop.example'), 'shop.example')
  assert.equal(await nameOf('SHOP.example'), 'shop.example')
  assert.equal(await nameOf('a.wild.example'), 'shop.example')
  assert.equal(await nameOf('a.b.wild.example'), 'localhost', 'a wildcard is one label')
  assert.equal(await nameOf('wild.example'), 'localhost')
  assert.equal(await nameOf('app.example'), 'localhost')
  assert.equal(await nameOf(), 'localhost')
})

test('a session is resumed, also after the certificates were read again', async (t) => {
  const { app, port, config } = await start(t)
  const first = await handshake(port, { maxVersion: 'TLSv1.2' })
  const session = first.getSession()
  first.destroy()
  await app.headgate.reload(config)
  const second = await handshake(port, { maxVersion: 'TLSv1.2', ...(session && { session }) })
  assert.equal(second.isSessionReused(), true)
  second.destroy()
})

test('a client must show a certificate of the authority where one is asked for', async (t) => {
  const ca = writeCertificate({ cert: authority, key })
  t.after(ca.remove)
  const { port } = await start(t, { clientCa: ca.cert })
  assert.equal((await get(port, client)).status, 200)
  await assert.rejects(get(port))
  await assert.rejects(get(port, { cert, key }), 'a certificate of somebody else')
})

test('an optional certificate may be missing, but not wrong', async (t) => {
  const ca = writeCertificate({ cert: authority, key })
  t.after(ca.remove)
  const { port } = await start(t, { clientCa: ca.cert, clientCertificate: 'optional' })
  assert.equal((await get(port, client)).status, 200)
  assert.equal((await get(port)).status, 200)
  await assert.rejects(get(port, { cert, key }))
})

test('a client that never says hello is left', async (t) => {
  const { port } = await start(t, { handshakeTimeout: 100 })
  const { connect } = await import('../helpers/raw-client.ts')
  const socket = await connect(port)
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve).once('end', () => socket.destroy()))
})

for (const [what, replace] of [
  ['written anew', (file: string, text: string) => writeFileSync(file, text)],
  [
    'renamed over',
    (file: string, text: string) => {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    },
  ],
] as const) {
  test(`files that are ${what} are read again, and no connection is lost`, async (t) => {
    const { port, files, log } = await start(t)
    const session = await connectH2(port)
    const before = await certificateOf(port)
    replace(files.cert, renewed.cert)
    replace(files.key, renewed.key)
    await eventually(async () =>
      assert.notEqual((await certificateOf(port)).serialNumber, before.serialNumber),
    )
    assert.equal((await requestH2(session, '/')).status, 200, 'the connection from before')
    assert.ok(log.some(({ msg }) => msg === 'the certificates were read again'))
    session.destroy()
  })
}

test('certificates behind links that change, as Kubernetes and certbot have them, are read again', async (t) => {
  const old = writeCertificate()
  const next = writeCertificate(renewed)
  const linked = writeCertificate()
  for (const { remove } of [old, next, linked]) t.after(remove)
  const link = join(linked.folder, 'data')
  symlinkSync(old.folder, link)
  const files = { cert: join(linked.folder, 'a.crt'), key: join(linked.folder, 'a.key') }
  symlinkSync(join('data', 'tls.crt'), files.cert)
  symlinkSync(join('data', 'tls.key'), files.key)
  const { port } = await start(t, files)
  const before = await certificateOf(port)
  symlinkSync(next.folder, `${link}.new`)
  renameSync(`${link}.new`, link)
  await eventually(async () => assert.notEqual((await certificateOf(port)).serialNumber, before.serialNumber))
})

test('a pair that cannot be used leaves the old one, and the log says why', async (t) => {
  const { port, files, log } = await start(t)
  const before = await certificateOf(port)
  writeFileSync(files.cert, 'no certificate')
  await eventually(() => {
    const line = log.find(({ msg }) => msg.startsWith('the certificates were not changed'))
    assert.match(String(line?.reason), /server\.tls\.cert: found no certificate in PEM form: .*tls\.crt/)
  })
  assert.equal((await certificateOf(port)).serialNumber, before.serialNumber)
  unlinkSync(files.cert)
  await eventually(() => assert.ok(log.some(({ reason }) => /no such file/.test(String(reason)))))
  assert.equal((await get(port)).status, 200)
})

test('a reload with certificates that cannot be used changes nothing', async (t) => {
  const { app, port, config, files } = await start(t)
  const broken = { ...config, server: { ...config.server, tls: { cert: files.key, key: files.key } } }
  await assert.rejects(app.headgate.reload(broken), /server\.tls\.cert: found no certificate in PEM form/)
  assert.equal((await get(port)).status, 200)
})

test('a change of certificates under load fails no request, over HTTP/1.1 and HTTP/2', async (t) => {
  const { port, files } = await start(t)
  const session = await connectH2(port)
  const end = performance.now() + 1_500
  const statuses = new Map<number, number>()
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const overHttp1 = async () => {
    while (performance.now() < end) count((await get(port)).status)
  }
  const overHttp2 = async () => {
    while (performance.now() < end) count((await requestH2(session, '/')).status)
  }
  const overNewSessions = async () => {
    while (performance.now() < end) {
      const fresh = await connectH2(port)
      count((await requestH2(fresh, '/')).status)
      fresh.destroy()
    }
  }
  const change = async () => {
    for (let turn = 0; performance.now() < end - 300; turn++) {
      const pair = turn % 2 === 0 ? renewed : { cert, key }
      writeFileSync(files.cert, pair.cert)
      writeFileSync(files.key, pair.key)
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  }
  await Promise.all([overHttp1(), overHttp1(), overHttp2(), overHttp2(), overNewSessions(), change()])
  assert.deepEqual([...statuses.keys()], [200])
  assert.ok(statuses.get(200)! > 20)
  session.destroy()
})

test('hsts is in every response, unless the server has its own', async (t) => {
  const { port } = await start(t, { hsts: { maxAge: 60, includeSubDomains: true } })
  const { headers } = await get(port)
  assert.equal(
    (headers as Record<string, string>)['strict-transport-security'],
    'max-age=60; includeSubDomains',
  )
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  const answer = await requestH2(session, '/')
  assert.equal(answer.headers['strict-transport-security'], 'max-age=60; includeSubDomains')
  session.destroy()
})

test('plain HTTP is sent to HTTPS, where a port for it is set', async (t) => {
  const redirectFrom = await freePort()
  const { port } = await start(t, { redirectFrom })
  const post = 'POST /a%20b?c=d HTTP/1.1\r\nHost: app.example:8080\r\nContent-Length: 3\r\n\r\nabc'
  const { statuses, text } = await sendRaw(redirectFrom, post)
  assert.deepEqual(statuses, [308])
  assert.match(text, new RegExp(`\r\nlocation: https://app\\.example:${port}/a%20b\\?c=d\r\n`))
  assert.deepEqual((await sendRaw(redirectFrom, 'GET /..%2f HTTP/1.1\r\nHost: a\r\n\r\n')).statuses, [400])
})

test('a connection of HTTP/1.1 is ended at its age, with Connection: close', async (t) => {
  const { port } = await start(t, {}, { maxConnectionAge: 200 })
  const socket = await handshake(port)
  t.after(() => socket.destroy())
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  let answers = 0
  for (let text = ''; !/connection: close/i.test(text); answers++) {
    socket.write(get)
    text = String((await once(socket, 'data'))[0])
    assert.match(text, /^HTTP\/1\.1 200/)
  }
  assert.ok(answers > 1)
})
