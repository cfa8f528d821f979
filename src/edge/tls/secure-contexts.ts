import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Certificate } from './certificate.ts'

/** How the gateway speaks TLS, whatever the certificate. */
export interface TlsTerms {
  minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Certificates of authorities, PEM, that sign those of clients; absent = clients are not asked for one. */
  clientCa?: string | undefined
}

/** Suites with authenticated encryption and forward secrecy, and no others (RFC 9325, section 4.2). */
const ciphers = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':')

function contextOptions(certificate: Certificate, terms: TlsTerms): SecureContextOptions {
  const { cert, key } = certificate
  const { minVersion, clientCa } = terms
  // All of these suites are strong: a client without AES in hardware does better with its own order.
  return {
    cert,
    key,
    minVersion,
    ciphers,
    honorCipherOrder: false,
    ...(clientCa !== undefined && { ca: clientCa }),
  }
}

/** The certificates of a listener, found by the name that a client asks for (RFC 6066, section 3). */
export class SecureContexts {
  /** For a client that names no host, or one that is not here: that of the first certificate. */
  readonly defaults: SecureContextOptions
  readonly #byName = new Map<string, SecureContext>()

  /** @param certificates of two that are for one name, the first one is taken */
  constructor(certificates: readonly [Certificate, ...Certificate[]], terms: TlsTerms) {
    this.defaults = contextOptions(certificates[0], terms)
    for (const certificate of certificates) {
      const context = createSecureContext(contextOptions(certificate, terms))
      for (const name of certificate.names) {
        if (!this.#byName.has(name)) this.#byName.set(name, context)
      }
    }
  }

  /** Undefined = the default. A wildcard stands for one label (RFC 6125, section 6.4.3). */
  find(servername: string): SecureContext | undefined {
    const name = servername.toLowerCase()
    return this.#byName.get(name) ?? this.#byName.get(name.replace(/^[^.]+/, '*'))
  }
}
