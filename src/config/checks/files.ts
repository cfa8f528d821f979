import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve as resolvePath } from 'node:path'
import type { Finding, Path } from '../faults.ts'
import type { Sound } from './sound.ts'

/**
 * What only a look at the files that a configuration names can tell. Relative ones are found from `folder`. Whole paths
 * stand in what was found alone: what was expected may be shown to strangers.
 */
export function* checkFiles(
  { server, upstreams = {}, plugins = [] }: Sound,
  folder: string,
): Generator<Finding> {
  const { clientCa, certificates = [], ...first } = server?.tls ?? {}
  yield* checkPair({ ...first, ca: clientCa }, ['server', 'tls'], folder, 'clientCa')
  for (const [index, pair] of certificates.entries()) {
    yield* checkPair(pair ?? {}, ['server', 'tls', 'certificates', index], folder)
  }
  for (const [name, upstream] of Object.entries(upstreams)) {
    if (upstream?.tls !== undefined) yield* checkPair(upstream.tls, ['upstreams', name, 'tls'], folder)
  }
  for (const [index, plugin] of plugins.entries()) {
    if (plugin?.module !== undefined) yield* checkModule(plugin.module, ['plugins', index, 'module'], folder)
  }
}

interface KeyFiles {
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

/** A certificate, its key, and authorities: each is there and is what it is said to be, and the two belong together. */
function* checkPair({ ca, cert, key }: KeyFiles, at: Path, folder: string, caKey = 'ca'): Generator<Finding> {
  yield* read(ca, [...at, caKey], folder, 'certificates of authorities in PEM', certificateOf)
  const certificate = yield* read(cert, [...at, 'cert'], folder, 'a certificate in PEM', certificateOf)
  const privateKey = yield* read(
    key,
    [...at, 'key'],
    folder,
    'a private key in PEM, not encrypted',
    createPrivateKey,
  )
  if (certificate === undefined || privateKey === undefined || certificate.checkPrivateKey(privateKey)) return
  const found = `${JSON.stringify(key)}, the key of another certificate`
  yield { at: [...at, 'key'], found, expected: `the private key of ${JSON.stringify(cert)}` }
}

function certificateOf(pem: Buffer): X509Certificate {
  return new X509Certificate(pem)
}

function* read<Read>(
  file: string | undefined,
  at: Path,
  folder: string,
  what: string,
  parse: (pem: Buffer) => Read,
): Generator<Finding, Read | undefined> {
  if (file === undefined) return undefined
  const path = resolvePath(folder, file)
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch (error) {
    yield {
      at,
      found: `${JSON.stringify(file)}, ${whyUnreadable(error)} (${path})`,
      expected: `a file with ${what}`,
    }
    return undefined
  }
  try {
    return parse(text)
  } catch {
    yield {
      at,
      found: `${JSON.stringify(file)}, which holds something else`,
      expected: `a file with ${what}`,
    }
    return undefined
  }
}

function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'which is not there'
  if (code === 'EACCES') return 'which this user may not read'
  if (code === 'EISDIR') return 'which is a folder'
  return `which cannot be read (${message})`
}

/** Looked for, and not loaded: what it does belongs to a start. */
function* checkModule(module: string, at: Path, folder: string): Generator<Finding> {
  const isPath = isAbsolute(module) || /^\.{1,2}\//.test(module)
  try {
    const from = join(resolvePath(folder), 'headgate')
    createRequire(from).resolve(isPath ? resolvePath(folder, module) : module)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') return
    const where = isPath ? ` (${resolvePath(folder, module)})` : ''
    const found = `${JSON.stringify(module)}, which is not there${where}`
    const expected = isPath ? 'the path of a module' : 'a package that is installed beside the configuration'
    yield { at, found, expected }
  }
}
