import { Type } from 'typebox'
import { choice, count, duration, file, flag, port, section, withDefault } from './kinds.ts'

const certificateFiles = {
  cert: file('File with the certificate chain, PEM, the certificate of the server first.'),
  key: file('File with the private key of the certificate, PEM, without a passphrase.'),
}

export const clientTlsSchema = section(
  'Absent = plain HTTP. Present = HTTPS with HTTP/2 and HTTP/1.1. Certificates are read again when their files change.',
  {
    ...certificateFiles,
    certificates: Type.Optional(
      Type.Array(
        section(
          'One further certificate, for clients that ask for one of the names in it (SNI).',
          certificateFiles,
        ),
        {
          shape: 'a list such as [{ cert: shop.crt, key: shop.key }]',
          description:
            'Certificates for further names. A client that asks for none of them gets the one of `cert`.',
        },
      ),
    ),
    minVersion: withDefault(
      choice('Oldest version of TLS that is spoken.', ['TLSv1.2', 'TLSv1.3']),
      'TLSv1.2',
    ),
    handshakeTimeout: withDefault(
      duration('Time for a handshake; the connection is closed after it.', { minimum: 1 }),
      '10s',
    ),
    clientCa: Type.Optional(
      file(
        'File with the authorities, PEM, whose certificates clients show. Absent = clients are not asked.',
      ),
    ),
    clientCertificate: withDefault(
      choice(
        'Whether a client without a certificate is let in, where `clientCa` is set. One with a wrong certificate never is.',
        ['required', 'optional'],
      ),
      'required',
    ),
    hsts: Type.Optional(
      section('Absent = no `Strict-Transport-Security` field. Present = each response has one (RFC 6797).', {
        maxAge: withDefault(
          count('Seconds for which browsers use HTTPS alone; 0 makes them forget it.'),
          31_536_000,
        ),
        includeSubDomains: withDefault(flag('For every host below this one too.'), false),
        preload: withDefault(flag("Ask for a place in browsers' built-in lists."), false),
      }),
    ),
    redirectFrom: Type.Optional(
      port('Port of plain HTTP that answers every request with a redirect (308) to HTTPS. Absent = none.', {
        minimum: 0,
      }),
    ),
  },
)
