import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readTls } from '../../src/certificates.ts'
import { ConfigError } from '../../src/config/faults.ts'
import { readCertificate } from '../../src/edge/tls/certificate.ts'
import { cert } from '../helpers/certificate.ts'
import { writeCertificate } from '../helpers/certificate-files.ts'
import { shop } from '../helpers/certificates.ts'

const terms = { minVersion: 'TLSv1.2', handshakeTimeout: 1000, clientCertificate: 'required' } as const

function files(t: TestContext, pair?: { cert: string; key: string }) {
  const { remove, cert, key, folder } = writeCertificate(pair)
  t.after(remove)
  return { cert, key, folder }
}

test('every file that is wrong is told at once, with its place in the configuration', (t) => {
  const { cert: certFile, key: keyFile, folder } = files(t)
  const mixed = files(t, { cert, key: shop.key })
  const tls = {
    ...terms,
    cert: join(folder, 'nowhere.crt'),
    key: keyFile,
    certificates: [
      { cert: keyFile, key: keyFile },
      { cert: certFile, key: certFile },
      { cert: mixed.cert, key: mixed.key },
    ],
    clientCa: keyFile,
  }
  assert.throws(
    () => readTls(tls),
    (error: ConfigError) => {
      assert.ok(error instanceof ConfigError)
      const told = error.faults.map(({ path, found }) => `${path}: ${found.replace(/: .*/, '')}`)
      assert.deepEqual(told, [
        'server.tls.cert: no such file',
        'server.tls.certificates[0].cert: no certificate in PEM form',
        'server.tls.certificates[1].key: no private key in PEM form without a passphrase',
        'server.tls.certificates[2].key: the key of another certificate',
        'server.tls.clientCa: no certificate in PEM form',
      ])
      return true
    },
  )
})

test('a certificate is for the names that stand in it', () => {
  assert.deepEqual(readCertificate(shop.cert, shop.key).names, ['shop.example', '*.wild.example'])
})
