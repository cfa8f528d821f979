import { testMistakes, withDiscovery, withSection, withServer, withUpstream } from './mistakes.ts'

testMistakes([
  [
    'a mistyped key',
    withUpstream({ conections: {} }),
    [
      'upstreams.app.conections: found an unknown key, expected one of servers, discovery, balance, connections, limits, timeouts, retries, health, tls; did you mean connections?',
    ],
  ],
  [
    'a key that is like none',
    withUpstream({ database: 'x' }),
    [
      'upstreams.app.database: found an unknown key, expected one of servers, discovery, balance, connections, limits, timeouts, retries, health, tls',
    ],
  ],
  [
    'a duration in words',
    withUpstream({ connections: { maxAge: '5 minutes' } }),
    [
      'upstreams.app.connections.maxAge: found "5 minutes", expected a duration such as "250ms", "30s", "5m", "1h" or a number of milliseconds; did you mean "5m"?',
    ],
  ],
  [
    'a duration without a unit',
    withUpstream({ timeouts: { connect: '5' } }),
    [
      'upstreams.app.timeouts.connect: found "5", expected a duration such as "250ms", "30s", "5m", "1h" or a number of milliseconds',
    ],
  ],
  [
    'a negative duration',
    withUpstream({ timeouts: { headers: -1 } }),
    [
      'upstreams.app.timeouts.headers: found -1, expected a duration such as "250ms", "30s", "5m", "1h" or a number of milliseconds',
    ],
  ],
  [
    'a duration that no timer takes',
    withUpstream({ timeouts: { body: '1000h' } }),
    [
      'upstreams.app.timeouts.body: found "1000h", expected a duration of at most 596h, since no timer runs longer',
    ],
  ],
  [
    'a duration of 0 where it makes no sense',
    withUpstream({ limits: { queueTimeout: 0 } }),
    ['upstreams.app.limits.queueTimeout: found 0, expected a duration of at least 1ms'],
  ],
  [
    'an upstream without a source',
    withSection('upstreams', { app: {} }),
    [
      'upstreams.app: found neither servers nor discovery, expected one of the two, such as servers: [{ url: "http://10.0.0.5:3000" }]',
    ],
  ],
  [
    'an upstream with both sources',
    withUpstream({ discovery: { kind: 'file', path: 'a.json' } }),
    ['upstreams.app: found both servers and discovery, expected one of the two'],
  ],
  [
    'an empty list of servers',
    withServer(),
    [
      'upstreams.app.servers: found an empty list, expected a list with at least one server, such as [{ url: "http://10.0.0.5:3000" }]',
    ],
  ],
  [
    'a server without scheme',
    withServer({ url: '10.0.0.5:3000' }),
    [
      'upstreams.app.servers[0].url: found "10.0.0.5:3000", expected the URL of a server, http:// or https://, host and port, without path, query, user or password, such as "http://10.0.0.5:3000"; did you mean "http://10.0.0.5:3000"?',
    ],
  ],
  [
    'a server with a path',
    withServer({ url: 'http://10.0.0.5:3000/api' }),
    [
      'upstreams.app.servers[0].url: found "http://10.0.0.5:3000/api", expected the URL of a server, http:// or https://, host and port, without path, query, user or password, such as "http://10.0.0.5:3000"; did you mean "http://10.0.0.5:3000"?',
    ],
  ],
  [
    'a server with a password',
    withServer({ url: 'http://me:secret@10.0.0.5' }),
    [
      'upstreams.app.servers[0].url: found "http://***@10.0.0.5", expected the URL of a server, http:// or https://, host and port, without path, query, user or password, such as "http://10.0.0.5:3000"; did you mean "http://10.0.0.5"?',
    ],
  ],
  [
    'a server of another protocol',
    withServer({ url: 'ftp://10.0.0.5' }),
    [
      'upstreams.app.servers[0].url: found "ftp://10.0.0.5", expected the URL of a server, http:// or https://, host and port, without path, query, user or password, such as "http://10.0.0.5:3000"',
    ],
  ],
  [
    'a server twice',
    withServer({ url: 'http://a' }, { url: 'http://A:80/' }),
    [
      'upstreams.app.servers[1].url: found "http://A:80/", the same server as servers[0], expected each server once',
    ],
  ],
  [
    'weights that are all 0',
    withServer({ url: 'http://a', weight: 0 }, { url: 'http://b', weight: 0 }),
    ['upstreams.app.servers: found no weight above 0, expected at least one server with a weight above 0'],
  ],
  [
    'a negative weight',
    withServer({ url: 'http://a', weight: -1 }),
    ['upstreams.app.servers[0].weight: found -1, expected a number from 0 to 1000000'],
  ],
  [
    'a kind of discovery that does not exist',
    withDiscovery({ kind: 'agnet', url: 'ws://a/ws' }),
    ['upstreams.app.discovery.kind: found "agnet", expected one of agent | dns | file; did you mean agent?'],
  ],
  [
    'a discovery without kind',
    withDiscovery({ url: 'ws://a/ws', port: 5000 }),
    ['upstreams.app.discovery.kind: found nothing, expected one of agent | dns | file'],
  ],
  [
    'an agent by http',
    withDiscovery({ kind: 'agent', url: 'http://agent:2547/ws', port: 5000 }),
    [
      'upstreams.app.discovery.url: found "http://agent:2547/ws", expected the URL of an agent, ws:// or wss://, without user and password, such as "ws://deployment-agent:2547/ws"; did you mean "ws://agent:2547/ws"?',
    ],
  ],
  [
    'an agent without the port of the servers',
    withDiscovery({ kind: 'agent', url: 'ws://agent/ws' }),
    ['upstreams.app.discovery.port: found nothing, expected a port, a whole number from 1 to 65535'],
  ],
  [
    'a key of another kind of discovery',
    withDiscovery({ kind: 'file', path: 'a', silence: '1s' }),
    [
      'upstreams.app.discovery.silence: found an unknown key, expected one of kind, path, port, protocol, emptyHold, maxRemoval, persist',
    ],
  ],
  [
    'addresses without a port',
    withDiscovery({ kind: 'dns', name: 'app.example' }),
    [
      'upstreams.app.discovery.port: found nothing, expected the port of the servers, since only srv records name one',
    ],
  ],
  [
    'a share above 1',
    withDiscovery({ kind: 'file', path: 'a', maxRemoval: 2 }),
    ['upstreams.app.discovery.maxRemoval: found 2, expected a number from 0 to 1'],
  ],
  [
    'an algorithm that does not exist',
    withUpstream({ balance: { algorithm: 'round_robin' } }),
    [
      'upstreams.app.balance.algorithm: found "round_robin", expected one of adaptive | weighted-random | round-robin | least-request | hash; did you mean round-robin?',
    ],
  ],
  [
    'a hash by nothing that is named',
    withUpstream({ balance: { algorithm: 'hash', hash: { by: 'cookie' } } }),
    ['upstreams.app.balance.hash.name: found nothing, expected the name of the cookie'],
  ],
  [
    'a hash with a name too many',
    withUpstream({ balance: { algorithm: 'hash', hash: { by: 'path', name: 'x' } } }),
    ['upstreams.app.balance.hash.name: found "x", expected no name, since by is path'],
  ],
  [
    'a hash beside another algorithm',
    withUpstream({ balance: { hash: { by: 'path' } } }),
    [
      'upstreams.app.balance.hash: found a section beside algorithm: adaptive, expected balance.algorithm to be hash, or no such section',
    ],
  ],
  [
    'a jitter of everything',
    withUpstream({ connections: { jitter: 1 } }),
    ['upstreams.app.connections.jitter: found 1, expected a number from 0 to 0.9'],
  ],
  [
    'no connection',
    withUpstream({ connections: { max: 0 } }),
    ['upstreams.app.connections.max: found 0, expected a whole number from 1 to 65535'],
  ],
  [
    'more idle connections than connections',
    withUpstream({ connections: { max: 4, minIdle: 5 } }),
    ['upstreams.app.connections.minIdle: found 5, expected no more than connections.max, which is 4'],
  ],
  [
    'a fraction of a request',
    withUpstream({ connections: { maxRequests: 1.5 } }),
    ['upstreams.app.connections.maxRequests: found 1.5, expected a whole number, 0 or above'],
  ],
  [
    'a word for a limit',
    withUpstream({ limits: { maxInFlight: 'auto' } }),
    ['upstreams.app.limits.maxInFlight: found "auto", expected a whole number, 1 or above, or adaptive'],
  ],
  [
    'a certificate without key',
    withUpstream({ tls: { cert: 'a.crt' } }),
    ['upstreams.app.tls.key: found nothing, expected the file with the private key of tls.cert'],
  ],
  [
    'a key without certificate',
    withUpstream({ tls: { key: 'a.key' } }),
    ['upstreams.app.tls.cert: found nothing, expected the file with the certificate of tls.key'],
  ],
  [
    'a health path without slash',
    withUpstream({ health: { active: { path: 'healthz' } } }),
    [
      'upstreams.app.health.active.path: found "healthz", expected a path that starts with "/", without spaces, such as "/healthz"',
    ],
  ],
  [
    'a threshold of 0',
    withUpstream({ health: { active: { healthyAfter: 0 } } }),
    ['upstreams.app.health.active.healthyAfter: found 0, expected a whole number, 1 or above'],
  ],
  [
    'a word for HTTP/2 towards servers',
    withUpstream({ connections: { http2: 'yes' } }),
    [
      'upstreams.app.connections.http2: found "yes", expected true or false, without quotes; did you mean true?',
    ],
  ],
])
