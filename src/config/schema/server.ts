import { Type } from 'typebox'
import { count, duration, flag, leaf, port, section, size, withDefault } from './kinds.ts'
import { addressBlock, hostName, listenHost } from './network.ts'
import { clientTlsSchema } from './tls.ts'

export const serverSchema = section(
  'The side that clients see: where the gateway listens, and how long and how much it bears.',
  {
    host: withDefault(
      listenHost('Address to listen on. `0.0.0.0` is every IPv4 address of the machine, `::` every address.'),
      '0.0.0.0',
    ),
    port: withDefault(port('Port to listen on. 0 lets the system choose one.', { minimum: 0 }), 8080),
    workers: withDefault(
      leaf(Type.Union([Type.Integer({ minimum: 1, maximum: 256 }), Type.Literal('auto')]), {
        kind: 'whole number or auto',
        expected: 'a whole number from 1 to 256, or auto (one per core)',
        description:
          'Processes that share the port; `auto` is one per core. Each has its part of what is limited as a whole, and a cache and connections of its own: docs/workers.md.',
      }),
      1,
    ),
    trustProxy: withDefault(
      Type.Union(
        [
          flag('Trust everybody, or nobody.'),
          Type.Array(addressBlock('An address or block of addresses whose word is taken.')),
        ],
        {
          shape: 'true, false or a list of addresses and CIDR blocks',
          description:
            'Whose `X-Forwarded-*` and `Forwarded` fields are believed: `true` is everybody, a list is those peers alone. Fields of others are dropped.',
        },
      ),
      false,
    ),
    forwarded: withDefault(
      flag('Also send the `Forwarded` field (RFC 7239) to servers, beside `X-Forwarded-*`.'),
      false,
    ),
    tls: Type.Optional(clientTlsSchema),
    http2: withDefault(
      section('Connections that speak HTTP/2, where `tls` is set.', {
        maxConcurrentStreams: withDefault(
          count('Requests that one connection may have open; a client holds further ones back.', {
            minimum: 1,
            maximum: 10_000,
          }),
          128,
        ),
      }),
      {},
    ),
    proxyProtocol: withDefault(
      Type.Union(
        [
          flag('Expect the header of everybody, or of nobody.'),
          Type.Array(addressBlock('An address or block of addresses of proxies that send the header.')),
        ],
        {
          shape: 'true, false or a list of addresses and CIDR blocks',
          description:
            "Whose connections begin with a header of the PROXY protocol, version 1 or 2: `true` is everybody's, a list is those peers' alone. The address in it counts as that of the client everywhere. A connection of theirs without the header is closed.",
        },
      ),
      false,
    ),
    bodyLimit: withDefault(
      size('Largest body of a request, counted while it streams. More is answered 413. 0 = no limit.'),
      '10mb',
    ),
    headersTimeout: withDefault(
      duration('Time for the head of a request to arrive. Slower ones are answered 408. 0 = no limit.'),
      '10s',
    ),
    bodyTimeout: withDefault(
      duration(
        "Time for a request's whole body, and 1 s more for every 500 bytes received. Slower ones are answered 408. 0 = no limit.",
      ),
      '20s',
    ),
    sendTimeout: withDefault(
      duration('A client that takes nothing of an answer for this long is cut. 0 = no limit.'),
      '60s',
    ),
    keepAliveTimeout: withDefault(
      duration('An idle connection of a client is closed after this time. 0 = no limit.'),
      '72s',
    ),
    shutdownGrace: withDefault(
      duration('Time for running requests to finish after SIGTERM or SIGINT; then they are cut.'),
      '30s',
    ),
    drainPause: withDefault(
      duration(
        'Time before `shutdownGrace` begins, after SIGTERM or SIGINT, in which `/readyz` answers 503 and everything is served, so that balancers notice. 0 = none is needed.',
      ),
      0,
    ),
    maxConnections: withDefault(
      count('Connections of clients at one time; more are closed at once. 0 = no limit.'),
      0,
    ),
    maxConnectionsPerAddress: withDefault(
      count('Connections from one address at one time; more are closed at once. 0 = no limit.'),
      0,
    ),
    maxRequestsPerConnection: withDefault(
      count(
        'Requests on one connection of a client; the last one is answered with `Connection: close`. 0 = no limit.',
      ),
      0,
    ),
    maxConnectionAge: withDefault(
      duration(
        'A connection of a client is ended after this time, give or take 20 %: with `Connection: close` in its next response, or GOAWAY. 0 = no limit.',
      ),
      0,
    ),
    maxHeaderSize: withDefault(
      size('Bytes of all header fields of a request together. More is answered 431.', { minimum: 1024 }),
      '16kb',
    ),
    maxHeadersCount: withDefault(
      count('Header fields of a request. More are answered 431. 0 = no limit.'),
      100,
    ),
    maxUrlLength: withDefault(
      size('Bytes of the target of a request, path and query. More is answered 414.', { minimum: 16 }),
      '8kb',
    ),
  },
)

/** Visible characters of ASCII, as a field of a request can carry them; enough of them that nobody guesses. */
const adminToken = /^[!-~]{16,}$/

export function isAdminToken(text: string): boolean {
  return adminToken.test(text)
}

export const adminSchema = section(
  'Absent = `/healthz`, `/readyz` and `/metrics` stand on the main port. Present = `/metrics`, the dashboard and the admin API are on this port alone.',
  {
    host: withDefault(
      listenHost(
        'Address to listen on. What only looks needs no password: keep the port off public networks.',
      ),
      '127.0.0.1',
    ),
    port: withDefault(port('Port to listen on. 0 lets the system choose one.', { minimum: 0 }), 9901),
    token: Type.Optional(
      leaf(Type.String({ pattern: adminToken.source }), {
        kind: 'text',
        isSecret: true,
        expected: 'at least 16 characters without spaces, such as what `openssl rand -hex 24` prints',
        description:
          'What whoever drains, purges or changes the log level must know; at least 16 characters. Absent = `$HEADGATE_ADMIN_TOKEN`, and without that nothing can be changed.',
      }),
    ),
    allowedHosts: withDefault(
      Type.Array(hostName('A name by which the port may be reached.'), {
        shape: 'a list of names such as [gateway.internal]',
        description:
          'Names by which dashboard and API may be reached, beside addresses and localhost. Others are refused: a page of another site could bring a browser here under a name of its own.',
      }),
      [],
    ),
  },
)
