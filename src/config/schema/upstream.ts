import { Type } from 'typebox'
import { discoverySchema, serversSchema } from './discovery.ts'
import {
  amount,
  choice,
  count,
  duration,
  file,
  flag,
  leaf,
  numberInQuotes,
  section,
  text,
  withDefault,
} from './kinds.ts'
import { hostName, requestPath } from './network.ts'

const balanceSchema = section('How a server is chosen.', {
  algorithm: withDefault(
    choice(
      'adaptive: by weight, load, latency and success. weighted-random: by weight alone. round-robin: in turn, by weight. least-request: the least loaded for its weight. hash: the same server for the same key.',
      ['adaptive', 'weighted-random', 'round-robin', 'least-request', 'hash'],
    ),
    'adaptive',
  ),
  slowStart: withDefault(
    duration('A server that is new or has returned gets its full share only after this time. 0 = at once.'),
    '10s',
  ),
  hash: Type.Optional(
    section('For the algorithm `hash` alone. Absent = by address.', {
      by: choice('What of a request is the key.', ['header', 'cookie', 'address', 'path']),
      name: Type.Optional(
        text('Name of the header field or cookie. Must be written for these two, and only for them.'),
      ),
    }),
  ),
  sticky: Type.Optional(
    section(
      'Absent = none. Present = a client stays with its server, as long as that one serves, by a cookie.',
      {
        cookie: leaf(Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" }), {
          kind: 'text',
          expected: 'the name of a cookie, letters, digits, "-" and "_", such as "headgate"',
          description: 'Name of the cookie that the gateway sets.',
        }),
        maxAge: Type.Optional(
          duration('Life of the cookie. Absent = until the browser is closed.', {
            minimum: 1000,
            maximum: Number.MAX_SAFE_INTEGER,
          }),
        ),
      },
    ),
  ),
})

const connectionsSchema = section('Connections to each server, which live long enough and no longer.', {
  max: withDefault(
    count('Connections per server, retiring ones included.', { minimum: 1, maximum: 65_535 }),
    128,
  ),
  minIdle: withDefault(count('Idle connections per server that are kept warm, idleTimeout or not.'), 0),
  maxAge: withDefault(
    duration('A connection retires at this age, after the request that it carries. 0 = no limit.'),
    '5m',
  ),
  maxRequests: withDefault(count('A connection retires after this many requests. 0 = no limit.'), 10_000),
  jitter: withDefault(
    amount(
      'Each connection draws its own limits within this share: maxRequests above and below, maxAge below, so that not all retire at once.',
      { maximum: 0.9 },
    ),
    0.2,
  ),
  idleTimeout: withDefault(
    duration('A connection that carries nothing for this long is closed. 0 = no limit.'),
    '60s',
  ),
  driver: withDefault(
    choice(
      'What speaks HTTP/1.1 to the servers: the client of headgate, or that of undici, should a server not get on with it.',
      ['headgate', 'undici'],
    ),
    'headgate',
  ),
  http2: withDefault(flag('Speak HTTP/2 to the servers.'), false),
})

const limitsSchema = section('How many requests an upstream takes at one time; beyond them, an early no.', {
  maxInFlight: withDefault(
    leaf(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('adaptive')]), {
      kind: 'whole number or adaptive',
      expected: 'a whole number, 1 or above, or adaptive',
      suggest: numberInQuotes,
      description:
        'Requests per server at one time; a slot is reserved before the body is read. `adaptive` learns the number from latency.',
    }),
    128,
  ),
  queue: withDefault(
    count('Requests per upstream that may wait for a slot. More are answered 503 at once. 0 = none waits.'),
    400,
  ),
  queueTimeout: withDefault(
    duration('A request that has waited this long for a slot is answered 503.', { minimum: 1 }),
    '100ms',
  ),
  maxTunnelAge: withDefault(duration('A tunnel (WebSocket) is ended at this age. 0 = no limit.'), 0),
})

const timeoutsSchema = section('Time limits towards servers. 0 = no limit.', {
  connect: withDefault(duration('To make a connection, TLS included. Longer is answered 504.'), '2s'),
  headers: withDefault(
    duration("For one attempt, from the request's last byte to the response's head. Longer is answered 504."),
    '30s',
  ),
  continue: withDefault(
    duration(
      'A client that sends `Expect: 100-continue` is asked for its body when the server asks, or after this time. 0 = when a connection to a server is ready.',
    ),
    '1s',
  ),
  body: withDefault(
    duration('Between two chunks of a body, in either direction, while the other side is ready.'),
    '30s',
  ),
  request: withDefault(
    duration(
      "From a request's last byte to its response's head, over queue, attempts and retries. Longer is answered 504.",
    ),
    '60s',
  ),
})

const retriesSchema = section('Requests that are sent again, to another server where there is one.', {
  attempts: withDefault(count('Further attempts for one request. 0 = none.', { maximum: 10 }), 1),
  budget: withDefault(
    amount('Retries as a share of all requests, so that they never add to an overload. 1 = no limit.', {
      maximum: 1,
    }),
    0.2,
  ),
})

const healthSchema = section('How servers that fail are found and left out.', {
  ejection: withDefault(
    flag(
      'Passive: a server that fails requests is left out for 2 s, doubling to 30 s. Never more than 30 % of them.',
    ),
    true,
  ),
  active: Type.Optional(
    section('Absent = none. Present = each server is asked on a connection of its own.', {
      path: withDefault(requestPath('Path of the request. An answer of 200 to 399 is healthy.'), '/healthz'),
      interval: withDefault(duration('Time between two checks of one server.', { minimum: 10 }), '5s'),
      timeout: withDefault(
        duration('A check without an answer after this time has failed.', { minimum: 1 }),
        '2s',
      ),
      healthyAfter: withDefault(
        count('Checks in a row that must pass before a server returns.', { minimum: 1 }),
        2,
      ),
      unhealthyAfter: withDefault(
        count('Checks in a row that must fail before a server is left out.', { minimum: 1 }),
        3,
      ),
    }),
  ),
})

const tlsSchema = section('For servers with https.', {
  verify: withDefault(
    flag(
      'Check the certificate of the server. false = anybody may pretend to be the server: for development only.',
    ),
    true,
  ),
  ca: Type.Optional(file('File with the authorities that are trusted, PEM. Absent = those of Node.')),
  cert: Type.Optional(file('File with the certificate that the gateway shows to servers, PEM. Needs key.')),
  key: Type.Optional(file('File with the private key of cert, PEM. Needs cert.')),
  servername: Type.Optional(
    hostName('Name that is asked for (SNI) and checked in the certificate. Absent = the host of the server.'),
  ),
})

export const upstreamSchema = section('A group of servers that are alike.', {
  servers: Type.Optional(serversSchema),
  discovery: Type.Optional(discoverySchema),
  balance: withDefault(balanceSchema, {}),
  connections: withDefault(connectionsSchema, {}),
  limits: withDefault(limitsSchema, {}),
  timeouts: withDefault(timeoutsSchema, {}),
  retries: withDefault(retriesSchema, {}),
  health: withDefault(healthSchema, {}),
  tls: withDefault(tlsSchema, {}),
})
