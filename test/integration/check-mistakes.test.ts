import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ConfigError } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatWarning } from '../../src/config/warnings.ts'
import { cert, key } from '../helpers/certificate.ts'
import { folderWith } from '../helpers/command.ts'

/** What `headgate check` says of a file: every fault, or every warning. */
async function saidOf(folder: string, file: string, env = {}): Promise<string> {
  try {
    const { warnings } = await loadConfig({ ...(file !== '' && { file }), env, cwd: folder })
    return warnings.map(formatWarning).join('\n')
  } catch (error) {
    const { code, message } = error as ConfigError
    assert.match(code, /^HEADGATE_CONFIG_/, message)
    return message
  }
}

const app = 'upstreams: { app: { servers: [{ url: "http://10.0.0.5:3000" }] } }'
const to = 'routes: [{ path: /, upstream: app }]'
const withRoute = (route: string) => `${app}\nroutes: [{ upstream: app, ${route} }]`
const withUpstream = (more: string) =>
  `upstreams: { app: { servers: [{ url: "https://10.0.0.5" }], ${more} } }\n${to}`
const also = (more: string) => `${app}\n${to}\n${more}`

/** The kind of mistake, a file that has it, and what is said of it. Each is found; none is told by another's words. */
const mistakes: [kind: string, yaml: string, said: RegExp][] = [
  ['a key that is misspelt', also('cahce: {}'), /^ {2}cahce: found an unknown key, .*did you mean cache\?/m],
  ['a key on the wrong level', also('maxAge: 5m'), /maxAge: found an unknown key, expected one of server/],
  [
    'a section that is missing',
    to,
    /upstreams: found nothing, expected a section with at least one upstream/,
  ],
  [
    'a list where a section belongs',
    `upstreams: []\n${to}`,
    /upstreams: found an empty list, expected a section/,
  ],
  [
    'a section where a list belongs',
    `${app}\nroutes: { path: / }`,
    /routes: found a section, expected a list/,
  ],
  ['an empty value', also('server:'), /server: found nothing \(an empty value\), expected a section/],
  ['a wrong type', also('server: { port: true }'), /server\.port: found true, expected a port/],
  [
    'a number in quotes',
    also('server: { port: "80" }'),
    /server\.port: found "80", .*did you mean 80, without quotes\?/,
  ],
  ['yes for true', withUpstream('tls: { verify: yes }'), /tls\.verify: found "yes", .*did you mean true\?/],
  [
    'a unit that does not exist',
    withUpstream('connections: { maxAge: 5 minutes }'),
    /maxAge: found "5 minutes", expected a duration such as .*did you mean "5m"\?/,
  ],
  [
    'a size in another spelling',
    also('cache: { maxBytes: 256M }'),
    /cache\.maxBytes: found "256M", .*did you mean "256mb"\?/,
  ],
  [
    'a negative number',
    withUpstream('limits: { queue: -1 }'),
    /limits\.queue: found -1, expected a whole number, 0 or above/,
  ],
  [
    'a fraction of a whole',
    withUpstream('connections: { max: 1.5 }'),
    /connections\.max: found 1\.5, expected a whole number/,
  ],
  [
    'a number out of its range',
    withUpstream('retries: { budget: 1.5 }'),
    /retries\.budget: found 1\.5, expected a number from 0 to 1/,
  ],
  [
    'a port out of its range',
    also('server: { port: 70000 }'),
    /server\.port: found 70000, expected a port, a whole number from 0 to 65535/,
  ],
  [
    'a word that is none of the choices',
    also('cache: { mode: statci }'),
    /cache\.mode: found "statci", expected one of static \| all \| off; did you mean static\?/,
  ],
  [
    'an upstream that nobody wrote',
    withRoute('upstream: ap').replace('upstream: app, ', ''),
    /routes\[0\]\.upstream: found "ap", expected the name of an upstream \(these are written: app\); did you mean app\?/,
  ],
  [
    'a route without an upstream',
    `${app}\nroutes: [{ path: / }]`,
    /routes\[0\]\.upstream: found nothing, expected the name of an upstream/,
  ],
  [
    'two routes alike',
    `${app}\nroutes: [{ upstream: app }, { path: /, upstream: app }]`,
    /routes\[1\]: found the same host, path, methods and headers as routes\[0\]/,
  ],
  [
    'a path without its slash',
    withRoute('path: api'),
    /routes\[0\]\.path: found "api", expected a path that starts with "\/"/,
  ],
  [
    'a path with a pattern',
    withRoute('path: "/api/*"'),
    /routes\[0\]\.path: found "\/api\/\*", .*did you mean "\/api"\?/,
  ],
  [
    'a host with scheme or port',
    withRoute('host: "https://example.com"'),
    /routes\[0\]\.host: found "https:\/\/example\.com", .*did you mean "example\.com"\?/,
  ],
  [
    'a method that does not exist',
    withRoute('methods: [FETCH]'),
    /routes\[0\]\.methods\[0\]: found "FETCH", expected an HTTP method in capitals/,
  ],
  [
    'a header field that cannot be',
    withRoute('headers: { "x y": "1" }'),
    /routes\[0\]\.headers\["x y"\]: found the key "x y", expected the name of a header field/,
  ],
  [
    'a prefix of another path',
    withRoute('path: /a, stripPrefix: /b'),
    /routes\[0\]\.stripPrefix: found "\/b", expected the path of the route/,
  ],
  [
    'weights that are all 0',
    `upstreams: { app: { servers: [{ url: "http://a", weight: 0 }] } }\n${to}`,
    /upstreams\.app\.servers: found no weight above 0/,
  ],
  [
    'both a list and a source of servers',
    withUpstream('discovery: { kind: agent, url: "ws://a/ws", port: 1 }'),
    /upstreams\.app: found both servers and discovery, expected one of the two/,
  ],
  [
    'no servers at all',
    `upstreams: { app: {} }\n${to}`,
    /upstreams\.app: found neither servers nor discovery/,
  ],
  [
    'a source of no kind',
    `upstreams: { app: { discovery: { kind: consul } } }\n${to}`,
    /discovery\.kind: found "consul", expected one of agent \| dns \| file/,
  ],
  [
    'a URL that is none',
    `upstreams: { app: { servers: [{ url: "10.0.0.5:3000" }] } }\n${to}`,
    /servers\[0\]\.url: found "10\.0\.0\.5:3000", expected the URL of a server/,
  ],
  [
    'a server twice',
    `upstreams: { app: { servers: [{ url: "http://a" }, { url: "http://a:80" }] } }\n${to}`,
    /servers\[1\]\.url: found "http:\/\/a:80", the same server as servers\[0\]/,
  ],
  [
    'two listeners on one port',
    also('admin: { host: 0.0.0.0, port: 8080 }'),
    /admin\.port: found 8080, expected another port than server\.port/,
  ],
  [
    'an address block that is none',
    also('server: { trustProxy: [10.0.0.0/99] }'),
    /server\.trustProxy\[0\]: found "10\.0\.0\.0\/99", expected/,
  ],
  [
    'an answer larger than the cache',
    also('cache: { maxBytes: 1mb, maxEntryBytes: 2mb }'),
    /cache\.maxEntryBytes: found 2mb, expected no more than cache\.maxBytes, which is 1mb/,
  ],
  [
    'more idle connections than there may be',
    withUpstream('connections: { max: 2, minIdle: 3 }'),
    /connections\.minIdle: found 3, expected no more than connections\.max, which is 2/,
  ],
  [
    'a certificate without its key',
    withUpstream('tls: { cert: good.crt }'),
    /tls\.key: found nothing, expected the file with the private key of tls\.cert/,
  ],
  [
    'a certificate file that is not there',
    withUpstream('tls: { ca: nowhere.crt }'),
    /tls\.ca: found "nowhere\.crt", which is not there \(\/.*nowhere\.crt\), expected a file with certificates/,
  ],
  [
    'a certificate that is none',
    withUpstream('tls: { ca: noise.crt }'),
    /tls\.ca: found "noise\.crt", which holds something else, expected a file with certificates of authorities in PEM/,
  ],
  [
    'a key of another certificate',
    withUpstream('tls: { cert: good.crt, key: other.key }'),
    /tls\.key: found "other\.key", the key of another certificate, expected the private key of "good\.crt"/,
  ],
  [
    'a certificate for clients that is not there',
    also('server: { tls: { cert: nowhere.crt, key: good.key } }'),
    /server\.tls\.cert: found "nowhere\.crt", which is not there \(\/.*nowhere\.crt\), expected a file with a certificate/,
  ],
  [
    'a key of another certificate for clients',
    also(
      'server: { tls: { cert: good.crt, key: good.key, certificates: [{ cert: good.crt, key: other.key }] } }',
    ),
    /server\.tls\.certificates\[0\]\.key: found "other\.key", the key of another certificate, expected the private key/,
  ],
  [
    'authorities for clients that are none',
    also('server: { tls: { cert: good.crt, key: good.key, clientCa: noise.crt } }'),
    /server\.tls\.clientCa: found "noise\.crt", which holds something else, expected a file with certificates of authorities/,
  ],
  [
    'a plugin package that is not installed',
    also('plugins: [{ module: "@nobody/nothing" }]'),
    /plugins\[0\]\.module: found "@nobody\/nothing", which is not there, expected a package/,
  ],
  [
    'a plugin file that is not there',
    also('plugins: [{ module: ./nothing.ts }]'),
    /plugins\[0\]\.module: found "\.\/nothing\.ts", which is not there \(\/.*nothing\.ts\), expected the path of a module/,
  ],
  [
    'broken YAML, by line and column',
    'upstreams: {\nroutes: [}',
    /line \d+, column \d+: found .*, expected valid YAML/,
  ],
  [
    'a key written twice',
    `${app}\n${to}\n${to}`,
    /line 3, column 1: found Map keys must be unique, expected valid YAML/,
  ],
  [
    'a tab for indentation',
    'upstreams:\n\tapp: {}',
    /line 2, column 1: found Tabs are not allowed as indentation, expected valid YAML/,
  ],
  [
    'an empty file',
    '',
    /the configuration: found nothing \(an empty value\), expected a section with server/,
  ],
]

/** What is allowed and was hardly meant. */
const doubts: [kind: string, yaml: string, said: RegExp][] = [
  ['everybody is trusted', also('server: { trustProxy: true }'), /^server\.trustProxy: every client may say/],
  [
    'the admin port is open to others',
    also('admin: { host: 0.0.0.0 }'),
    /^admin\.host: 0\.0\.0\.0 can be reached from other machines/,
  ],
  [
    'an upstream that no route names',
    `upstreams: { app: { servers: [{ url: "http://a" }] }, spare: { servers: [{ url: "http://b" }] } }\n${to}`,
    /^upstreams\.spare: no route leads here$/,
  ],
  [
    'time limits that contradict each other',
    withUpstream('timeouts: { connect: 5s, request: 2s }'),
    /^upstreams\.app\.timeouts\.connect: longer than timeouts\.request, which ends it after 2s$/,
  ],
  [
    'a wait that no request lives to see',
    withUpstream('limits: { queueTimeout: 90s }'),
    /^upstreams\.app\.limits\.queueTimeout: longer than timeouts\.request/,
  ],
  [
    'more slots than connections',
    withUpstream('connections: { max: 10 }'),
    /^upstreams\.app\.limits\.maxInFlight: a server gets no more than 10 at one time/,
  ],
  [
    'certificates that nobody checks',
    withUpstream('tls: { verify: false }'),
    /^upstreams\.app\.tls\.verify: anybody may pretend to be the server/,
  ],
  [
    'checks that take longer than their interval',
    withUpstream('health: { active: { interval: 1s, timeout: 3s } }'),
    /^upstreams\.app\.health\.active\.timeout: longer than the interval/,
  ],
]

async function folderWithFiles(t: TestContext, yaml: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return folderWith(t, {
    'headgate.yaml': yaml,
    'good.crt': cert,
    'good.key': key,
    'other.key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'noise.crt': 'noise',
  })
}

for (const [kind, yaml, said] of mistakes) {
  test(`check finds ${kind}`, async (t) => {
    assert.match(await saidOf(await folderWithFiles(t, yaml), 'headgate.yaml'), said)
  })
}

for (const [kind, yaml, said] of doubts) {
  test(`check doubts: ${kind}`, async (t) => {
    assert.match(await saidOf(await folderWithFiles(t, yaml), 'headgate.yaml'), said)
  })
}

test('check finds a file of the wrong kind, one that is not there, a folder, and one that may not be read', async (t) => {
  const folder = await folderWith(t, { 'a.toml': '', 'locked.yaml': '' })
  await mkdir(join(folder, 'folder.yaml'))
  await chmod(join(folder, 'locked.yaml'), 0)
  assert.match(
    await saidOf(folder, 'a.toml'),
    /the name of the file: found \.toml, expected a file that ends in \.yaml/,
  )
  assert.match(await saidOf(folder, 'gone.yaml'), /There is no file .*gone\.yaml, which --config names/)
  assert.match(await saidOf(folder, 'folder.yaml'), /folder\.yaml, which --config names, is a folder/)
  // Root may read everything.
  if (process.getuid?.() !== 0) assert.match(await saidOf(folder, 'locked.yaml'), /may not be read/)
})

test('check finds variables that are malformed', async (t) => {
  const env = {
    HOST_PORT_HTTP_BALANCER: '8080',
    HOST_PORT_WS_DEPLOYMENT_AGENT: 'agent',
    REQUEST_TIMEOUT: '30s',
  }
  const said = await saidOf(await folderWith(t, {}), '', env)
  assert.match(
    said,
    /HOST_PORT_WS_DEPLOYMENT_AGENT: found "agent", expected the port of the deployment agent/,
  )
  assert.match(said, /TARGET_PORT: found nothing/)
  assert.match(said, /REQUEST_TIMEOUT: found "30s", expected the time limit of a request in seconds/)
})

test('files that are wrong are told together, and with every other fault', async (t) => {
  const yaml = `server: { tls: { cert: nowhere.crt, key: good.key } }
${withUpstream('tls: { ca: noise.crt }')}
cache: { maxBytes: 1mb, maxEntryBytes: 2mb }`
  const said = await saidOf(await folderWithFiles(t, yaml), 'headgate.yaml')
  for (const path of ['server.tls.cert', 'upstreams.app.tls.ca', 'cache.maxEntryBytes'])
    assert.ok(said.includes(`${path}: found`), path)
})

test('there are more than thirty kinds, and a file without any of them is left alone', async (t) => {
  assert.ok(mistakes.length > 30, String(mistakes.length))
  const pair = withUpstream('tls: { ca: good.crt, cert: good.crt, key: good.key }')
  assert.equal(await saidOf(await folderWithFiles(t, pair), 'headgate.yaml'), '')
})
