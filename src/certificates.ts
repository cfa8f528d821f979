import { readFileSync } from 'node:fs'
import { ConfigError, type ConfigFault } from './config/faults.ts'
import type { ServerConfig } from './config/schema.ts'
import { type Certificate, CertificateFault, readCertificate } from './edge/tls/certificate.ts'
import type { TlsSettings } from './edge/tls/tls-door.ts'

type TlsConfig = NonNullable<ServerConfig['tls']>

/**
 * Reads the files that `server.tls` names.
 *
 * @throws ConfigError with every file that is wrong
 */
export function readTls(tls: TlsConfig): TlsSettings {
  const faults: ConfigFault[] = []
  const [first, ...others] = pairsOf(tls).map((pair) => readPair(pair, faults))
  const clientCa = tls.clientCa && readText(tls.clientCa, 'server.tls.clientCa', faults)
  if (clientCa !== undefined && !/^-----BEGIN (?:TRUSTED )?CERTIFICATE-----$/m.test(clientCa)) {
    faults.push(faultOf('server.tls.clientCa', tls.clientCa as string, 'no certificate in PEM form'))
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    certificates: [first as Certificate, ...(others as Certificate[])],
    minVersion: tls.minVersion,
    clientCa,
    clientCertificate: tls.clientCertificate,
  }
}

/** Every file that certificates are read from, without repetition. */
export function certificateFiles(tls: TlsConfig): string[] {
  const files = pairsOf(tls).flatMap(({ cert, key }) => [cert, key])
  return [...new Set(tls.clientCa === undefined ? files : [...files, tls.clientCa])]
}

interface Pair {
  path: string
  cert: string
  key: string
}

function pairsOf({ cert, key, certificates = [] }: TlsConfig): Pair[] {
  const further = certificates.map((pair, index) => ({ path: `server.tls.certificates[${index}]`, ...pair }))
  return [{ path: 'server.tls', cert, key }, ...further]
}

function readPair({ path, cert, key }: Pair, faults: ConfigFault[]): Certificate | undefined {
  const certText = readText(cert, `${path}.cert`, faults)
  const keyText = readText(key, `${path}.key`, faults)
  if (certText === undefined || keyText === undefined) return undefined
  try {
    return readCertificate(certText, keyText)
  } catch (error) {
    if (!(error instanceof CertificateFault)) throw error
    faults.push(faultOf(`${path}.${error.file}`, error.file === 'cert' ? cert : key, error.message))
    return undefined
  }
}

function readText(file: string, path: string, faults: ConfigFault[]): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    faults.push(
      faultOf(path, file, code === 'ENOENT' ? 'no such file' : `a file that cannot be read (${code})`),
    )
    return undefined
  }
}

function faultOf(path: string, file: string, found: string): ConfigFault {
  const expected = path.endsWith('.key') ? 'the private key of the certificate' : 'certificates'
  return { path, found: `${found}: ${file}`, expected: `a PEM file with ${expected}` }
}
