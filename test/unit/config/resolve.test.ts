import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineConfig, resolveConfig } from '../../../src/config/resolve.ts'
import type { Config, ConfigInput } from '../../../src/config/schema.ts'

const smallest = defineConfig({
  upstreams: { app: { servers: [{ url: 'http://10.0.0.5:3000' }] } },
  routes: [{ upstream: 'app' }],
})

test('two sections are enough, and everything else has its default', () => {
  const config = resolveConfig(smallest)
  assert.deepEqual(config.server, {
    host: '0.0.0.0',
    port: 8080,
    workers: 1,
    trustProxy: false,
    forwarded: false,
    http2: { maxConcurrentStreams: 128 },
    proxyProtocol: false,
    bodyLimit: 10 * 1024 * 1024,
    headersTimeout: 10_000,
    bodyTimeout: 20_000,
    sendTimeout: 60_000,
    keepAliveTimeout: 72_000,
    shutdownGrace: 30_000,
    drainPause: 0,
    maxConnections: 0,
    maxConnectionsPerAddress: 0,
    maxRequestsPerConnection: 0,
    maxConnectionAge: 0,
    maxHeaderSize: 16 * 1024,
    maxHeadersCount: 100,
    maxUrlLength: 8 * 1024,
  })
  assert.deepEqual(config.upstreams.app, {
    servers: [{ url: 'http://10.0.0.5:3000', weight: 1 }],
    balance: { algorithm: 'adaptive', slowStart: 10_000 },
    connections: {
      max: 128,
      minIdle: 0,
      maxAge: 300_000,
      maxRequests: 10_000,
      jitter: 0.2,
      idleTimeout: 60_000,
      driver: 'headgate',
      http2: false,
    },
    limits: { maxInFlight: 128, queue: 400, queueTimeout: 100, maxTunnelAge: 0 },
    timeouts: { connect: 2000, headers: 30_000, continue: 1000, body: 30_000, request: 60_000 },
    retries: { attempts: 1, budget: 0.2 },
    health: { ejection: true },
    tls: { verify: true },
  })
  assert.deepEqual(config.routes, [{ path: '/', upstream: [{ name: 'app', weight: 1 }], priority: 'normal' }])
  assert.deepEqual(config.cache, {
    mode: 'static',
    extensions: 'css js mjs map png jpg jpeg gif svg webp avif ico woff woff2 ttf wasm json txt'.split(' '),
    defaultTtl: 3_600_000,
    staleIfError: 3_600_000,
    maxEntries: 10_000,
    maxBytes: 256 * 1024 * 1024,
    maxEntryBytes: 8 * 1024 * 1024,
    maxVariants: 16,
    gcInterval: 60_000,
  })
  assert.deepEqual(config.plugins, [])
  assert.deepEqual(config.logging, { level: 'info', access: true, sample: 1 })
  assert.deepEqual(config.tracing, { enabled: false })
  assert.equal(config.admin, undefined)
})

const everything = defineConfig({
  server: { host: '::', port: 0, trustProxy: ['10.0.0.0/8', '::1'], bodyLimit: '1mb', headersTimeout: 0 },
  admin: {},
  upstreams: {
    fixed: {
      servers: [{ url: 'HTTP://App.Example/', weight: 0.5 }, { url: 'https://[::1]:8443' }],
      balance: { algorithm: 'hash' },
      limits: { maxInFlight: 'adaptive' },
      health: { active: {} },
      tls: { ca: 'ca.pem', cert: 'client.crt', key: '/etc/client.key', servername: 'app.example' },
    },
    agent: {
      discovery: { kind: 'agent', url: 'ws://deployment-agent:2547/ws', port: 5000, persist: 'last.json' },
    },
    dns: { discovery: { kind: 'dns', name: '_http._tcp.app.example', protocol: 'https' } },
    file: { discovery: { kind: 'file', path: '../servers.json' } },
  },
  routes: [
    {
      path: '/api/',
      host: '*.Example.COM',
      methods: ['GET', 'HEAD'],
      headers: { 'X-Canary': '1' },
      upstream: [{ name: 'agent', weight: 95 }, { name: 'dns' }],
      stripPrefix: '/api/',
      cache: 'off',
      timeout: '90s',
      priority: 'critical',
    },
    { upstream: 'file', stripPrefix: '/' },
  ],
  plugins: [
    { module: '@fastify/cors', options: { origin: true } },
    { module: './auth.ts', prefix: '/private' },
  ],
})

test('each thing that can be written in several ways is read in one', () => {
  const { server, admin, upstreams, routes } = resolveConfig(everything, { folder: '/etc/headgate' })
  assert.equal(server.bodyLimit, 1024 * 1024)
  assert.deepEqual(admin, { host: '127.0.0.1', port: 9901, allowedHosts: [] })
  assert.deepEqual(upstreams.fixed?.servers, [
    { url: 'http://app.example', weight: 0.5 },
    { url: 'https://[::1]:8443', weight: 1 },
  ])
  assert.deepEqual(upstreams.fixed?.balance.hash, { by: 'address' })
  assert.deepEqual(upstreams.fixed?.health.active, {
    path: '/healthz',
    interval: 5000,
    timeout: 2000,
    healthyAfter: 2,
    unhealthyAfter: 3,
  })
  assert.deepEqual(upstreams.agent?.discovery, {
    kind: 'agent',
    url: 'ws://deployment-agent:2547/ws',
    port: 5000,
    protocol: 'http',
    silence: 10_000,
    emptyHold: 30_000,
    maxRemoval: 1,
    persist: '/etc/headgate/last.json',
  })
  const [route, whole] = routes
  assert.equal(route?.path, '/api')
  assert.equal(route?.stripPrefix, '/api')
  assert.equal(route?.host, '*.example.com')
  assert.deepEqual(route?.headers, { 'x-canary': '1' })
  assert.deepEqual(route?.upstream, [
    { name: 'agent', weight: 95 },
    { name: 'dns', weight: 1 },
  ])
  assert.equal(route?.timeout, 90_000)
  assert.deepEqual(whole?.upstream, [{ name: 'file', weight: 1 }])
  assert.ok(whole !== undefined && !('stripPrefix' in whole))
})

test('paths of files are found from the folder of the configuration, and names of packages stay', () => {
  const { upstreams, plugins } = resolveConfig(everything, { folder: '/etc/headgate' })
  const { ca, cert, key } = upstreams.fixed!.tls
  assert.deepEqual([ca, cert, key], ['/etc/headgate/ca.pem', '/etc/headgate/client.crt', '/etc/client.key'])
  const discovery = upstreams.file!.discovery!
  assert.equal(discovery.kind === 'file' && discovery.path, '/etc/servers.json')
  assert.deepEqual(
    plugins.map(({ module }) => module),
    ['@fastify/cors', '/etc/headgate/auth.ts'],
  )
})

test('a resolved configuration is an input, and resolves to itself', () => {
  for (const input of [smallest, everything]) {
    const once: Config = resolveConfig(input, { folder: '/etc/headgate' })
    const again: ConfigInput = once
    assert.deepEqual(resolveConfig(again, { folder: '/elsewhere' }), once)
  }
})

test('the input is left as it was', () => {
  const input = structuredClone(everything)
  resolveConfig(input)
  assert.deepEqual(input, everything)
})

test('an optional value that is undefined counts as not written', () => {
  const config = resolveConfig({ ...smallest, server: undefined, cache: { mode: undefined } })
  assert.equal(config.server.port, 8080)
  assert.equal(config.cache.mode, 'static')
})

test('options of a plugin may hold anything that a module can make', () => {
  const secret = () => 'key'
  const { plugins } = resolveConfig({ ...smallest, plugins: [{ module: 'x', options: { secret, at: /a/ } }] })
  assert.equal(plugins[0]?.options.secret, secret)
})

test('one resolution shares nothing with the next', () => {
  const one = resolveConfig(smallest)
  one.cache.extensions.push('exe')
  assert.ok(!resolveConfig(smallest).cache.extensions.includes('exe'))
})

test('the types refuse what the schema refuses', () => {
  // @ts-expect-error an upstream is a name or a list
  const byNumber: ConfigInput = { ...smallest, routes: [{ upstream: 3 }] }
  // @ts-expect-error a size is a number or text
  const bySwitch: ConfigInput = { ...smallest, server: { bodyLimit: false } }
  // @ts-expect-error there is no such key
  const unknown: ConfigInput = { ...smallest, server: { prot: 80 } }
  // @ts-expect-error an agent has no record
  const mixed: ConfigInput = { ...smallest, upstreams: { a: { discovery: { kind: 'agent', record: 'a' } } } }
  for (const input of [byNumber, bySwitch, unknown, mixed]) assert.throws(() => resolveConfig(input))
})
