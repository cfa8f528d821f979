import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cert, key } from './certificate.ts'

/** The certificate of tests as files, in a folder of their own. */
export function writeCertificate(pair: { cert: string; key: string } = { cert, key }) {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-tls-'))
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  writeFileSync(files.cert, pair.cert)
  writeFileSync(files.key, pair.key)
  return { ...files, folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
