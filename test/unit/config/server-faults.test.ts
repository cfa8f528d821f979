import { routes, servers, sound, testMistakes, withSection } from './mistakes.ts'

testMistakes([
  [
    'nothing at all',
    undefined,
    [
      'the configuration: found nothing, expected a section with server, admin, upstreams, routes, cache, plugins, logging, tracing',
    ],
  ],
  [
    'a list where the whole should be',
    [],
    [
      'the configuration: found an empty list, expected a section with server, admin, upstreams, routes, cache, plugins, logging, tracing',
    ],
  ],
  [
    'an empty configuration',
    {},
    [
      'upstreams: found nothing, expected a section with at least one upstream, such as app: { servers: [{ url: "http://10.0.0.5:3000" }] }',
      'routes: found nothing, expected a list with at least one route, such as [{ path: /, upstream: app }]',
    ],
  ],
  [
    'an empty section in a file',
    withSection('admin', null),
    ['admin: found nothing (an empty value), expected a section with host, port, token, allowedHosts'],
  ],
  [
    'a token that is easily guessed, and a name with a port',
    withSection('admin', { token: 'secret', allowedHosts: ['gateway:9901'] }),
    [
      'admin.token: found another value (not shown), expected at least 16 characters without spaces, such as what `openssl rand -hex 24` prints',
      'admin.allowedHosts[0]: found "gateway:9901", expected a host name such as "app.example.com", without scheme and port',
    ],
  ],
  [
    'a mistyped section',
    withSection('upstrems', {}),
    [
      'upstrems: found an unknown key, expected one of server, admin, upstreams, routes, cache, plugins, logging, tracing; did you mean upstreams?',
    ],
  ],
  [
    'a size in another spelling',
    withSection('server', { bodyLimit: '10 MB' }),
    [
      'server.bodyLimit: found "10 MB", expected a size such as "64kb", "256mb" or a number of bytes; did you mean "10mb"?',
    ],
  ],
  [
    'a port that is too high',
    withSection('server', { port: 70_000 }),
    ['server.port: found 70000, expected a port, a whole number from 0 to 65535'],
  ],
  [
    'a port in quotes',
    withSection('server', { port: '8080' }),
    [
      'server.port: found "8080", expected a port, a whole number from 0 to 65535; did you mean 8080, without quotes?',
    ],
  ],
  [
    'an address with a port',
    withSection('server', { host: '0.0.0.0:8080' }),
    [
      'server.host: found "0.0.0.0:8080", expected an address or a name to listen on, without port, such as "0.0.0.0", "::" or "localhost"',
    ],
  ],
  [
    'a switch in words',
    withSection('logging', { access: 'off' }),
    ['logging.access: found "off", expected true or false, without quotes; did you mean false?'],
  ],
  [
    'a level that does not exist',
    withSection('logging', { level: 'warning' }),
    [
      'logging.level: found "warning", expected one of trace | debug | info | warn | error | fatal | silent; did you mean warn?',
    ],
  ],
  [
    'a number of workers in words',
    withSection('server', { workers: 'many' }),
    ['server.workers: found "many", expected a whole number from 1 to 256, or auto (one per core)'],
  ],
  [
    'a block of addresses that is too narrow',
    withSection('server', { trustProxy: ['10.0.0.0/33', '::1'] }),
    [
      'server.trustProxy[0]: found "10.0.0.0/33", expected an address or a CIDR block such as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
    ],
  ],
  [
    'a single address where a list is meant',
    withSection('server', { trustProxy: '10.0.0.1' }),
    ['server.trustProxy: found "10.0.0.1", expected true, false or a list of addresses and CIDR blocks'],
  ],
  [
    'the admin API on the main port',
    { ...sound, server: { port: 9901 }, admin: {} },
    ['admin.port: found 9901, expected another port than server.port'],
  ],
  [
    'no upstream',
    { upstreams: {}, routes: [] },
    [
      'upstreams: found an empty section, expected a section with at least one upstream, such as app: { servers: [{ url: "http://10.0.0.5:3000" }] }',
      'routes: found an empty list, expected a list with at least one route, such as [{ path: /, upstream: app }]',
    ],
  ],
  [
    'a list of upstreams',
    { upstreams: [{ servers }], routes },
    [
      'upstreams: found a list, expected a section with at least one upstream, such as app: { servers: [{ url: "http://10.0.0.5:3000" }] }',
    ],
  ],
  [
    'an upstream of a bad name',
    { upstreams: { app: { servers }, 'a b': { servers } }, routes },
    ['upstreams["a b"]: found the key "a b", expected a name of letters, digits, "-", "_" and "."'],
  ],
  [
    'no route',
    withSection('routes', []),
    [
      'routes: found an empty list, expected a list with at least one route, such as [{ path: /, upstream: app }]',
    ],
  ],
  [
    'a cache mode that does not exist',
    withSection('cache', { mode: 'on' }),
    ['cache.mode: found "on", expected one of static | all | off'],
  ],
  [
    'an extension with a dot',
    withSection('cache', { extensions: ['.css'] }),
    [
      'cache.extensions[0]: found ".css", expected the extension of a file, without a dot, such as css; did you mean css?',
    ],
  ],
  [
    'a plugin without module',
    withSection('plugins', [{ options: {} }]),
    ['plugins[0].module: found nothing, expected the name of a package, or a path such as "./auth.ts"'],
  ],
  [
    'a plugin that is only a name',
    withSection('plugins', ['@fastify/cors']),
    ['plugins[0]: found "@fastify/cors", expected a section with module, options, prefix'],
  ],
  [
    'options of a plugin that are a list',
    withSection('plugins', [{ module: 'a', options: [] }]),
    ['plugins[0].options: found an empty list, expected a section with the options of the plugin'],
  ],
  [
    'HTTPS towards clients without key',
    withSection('server', { tls: { cert: 'a.crt' } }),
    [
      'server.tls.key: found nothing, expected the path of a file, relative to the folder of the configuration',
    ],
  ],
  [
    'a version of TLS that is too old',
    withSection('server', { tls: { cert: 'a.crt', key: 'a.key', minVersion: 'TLSv1.1' } }),
    ['server.tls.minVersion: found "TLSv1.1", expected one of TLSv1.2 | TLSv1.3; did you mean TLSv1.2?'],
  ],
  [
    'a redirect from the port of HTTPS itself',
    withSection('server', { port: 443, tls: { cert: 'a.crt', key: 'a.key', redirectFrom: 443 } }),
    ['server.tls.redirectFrom: found 443, expected another port than server.port'],
  ],
  [
    'a redirect from the admin port',
    {
      ...withSection('server', { host: '::', tls: { cert: 'a.crt', key: 'a.key', redirectFrom: 9901 } }),
      admin: {},
    },
    ['server.tls.redirectFrom: found 9901, expected another port than admin.port'],
  ],
  [
    'a proxy that is no address',
    withSection('server', { proxyProtocol: ['balancer'] }),
    [
      'server.proxyProtocol[0]: found "balancer", expected an address or a CIDR block such as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
    ],
  ],
])
