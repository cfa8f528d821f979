import { createPrivateKey, X509Certificate } from 'node:crypto'

/** A certificate with its key, as PEM, and who it is for. */
export interface Certificate {
  /** The chain, the certificate of the server first. */
  cert: string
  key: string
  /** Host names in lower case, `*.example.com` among them. */
  names: readonly string[]
}

/** Which file of a pair is wrong, and how: completes the sentence `found ...`. */
export class CertificateFault extends Error {
  readonly file: 'cert' | 'key'

  constructor(file: 'cert' | 'key', message: string) {
    super(message)
    this.file = file
  }
}

/**
 * Takes a pair of PEM texts for a certificate.
 *
 * @throws CertificateFault
 */
export function readCertificate(cert: string, key: string): Certificate {
  const parsed = parse('cert', 'no certificate in PEM form', () => new X509Certificate(cert))
  const privateKey = parse('key', 'no private key in PEM form without a passphrase', () =>
    createPrivateKey(key),
  )
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new CertificateFault('key', 'the key of another certificate')
  }
  return { cert, key, names: namesOf(parsed) }
}

function parse<Value>(file: 'cert' | 'key', fault: string, read: () => Value): Value {
  try {
    return read()
  } catch {
    throw new CertificateFault(file, fault)
  }
}

/** The DNS names of a certificate (RFC 6125, section 6.4); the common name only where there are none. */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const names = Array.from((subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g), ([, name]) => name as string)
  const common = /^CN=(.+)$/m.exec(subject ?? '')?.[1]
  if (names.length === 0 && common !== undefined) names.push(common)
  return names.map((name) => name.toLowerCase())
}
