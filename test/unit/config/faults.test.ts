import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { describe, formatPath } from '../../../src/config/faults.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { faultsOf } from './mistakes.ts'

test('every fault of a configuration is named at once', () => {
  const faults = faultsOf({
    server: { prot: 80, bodyLimit: 'big' },
    upstreams: {
      app: { servers: [{ url: 'http://a' }, { url: 'b' }, { url: 'http://a' }], limits: { queue: -1 } },
    },
    routes: [{ upstream: 'ap', path: 'x' }, 5],
    cache: { mode: 'sttaic' },
  })
  assert.deepEqual(
    faults.map((line) => line.slice(0, line.indexOf(':'))),
    [
      'server.prot',
      'server.bodyLimit',
      'upstreams.app.servers[1].url',
      'upstreams.app.limits.queue',
      'routes[0].path',
      'routes[1]',
      'cache.mode',
      'upstreams.app.servers[2].url',
      'routes[0].upstream',
    ],
  )
})

test('the error says how many faults there are and where, one on each line', () => {
  assert.throws(() => resolveConfig({ upstreams: {}, routes: [] }, { source: '/etc/headgate.yaml' }), {
    name: 'HeadgateError',
    code: 'HEADGATE_CONFIG_INVALID',
    message: [
      'The configuration (/etc/headgate.yaml) has 2 faults:',
      '  upstreams: found an empty section, expected a section with at least one upstream, such as app: { servers: [{ url: "http://10.0.0.5:3000" }] }',
      '  routes: found an empty list, expected a list with at least one route, such as [{ path: /, upstream: app }]',
    ].join('\n'),
  })
})

test('keys that a prototype would answer to are keys like others', () => {
  const hostile = JSON.parse(
    '{"__proto__": {"server": {}}, "upstreams": {"constructor": {}}, "routes": [{"upstream": "app"}]}',
  )
  const faults = faultsOf(hostile)
  assert.match(faults[0]!, /^__proto__: found an unknown key/)
  assert.match(faults[1]!, /^upstreams\.constructor: found the key "constructor"/)
  assert.equal(({} as { server?: unknown }).server, undefined)
})

test('no value, however strange, makes the check fail in any other way than by faults', () => {
  const key = fc.constantFrom(
    'server',
    'upstreams',
    'routes',
    'app',
    'servers',
    'url',
    'discovery',
    'kind',
    'upstream',
    'tls',
  )
  const leaf = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant('agent'),
    fc.constant('app'),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value')),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(key, value), (input) => faultsOf(input).length > 0),
    { numRuns: 500 },
  )
})

test('a value is described in few words, and no password is repeated', () => {
  assert.equal(describe('http://user:secret@host/'), '"http://***@host/"')
  assert.equal(describe('rediss://user:se/c@ret@host/'), '"rediss://***@host/"')
  assert.equal(describe('x'.repeat(500)), `"${'x'.repeat(80)}..."`)
  assert.equal(describe([1]), 'a list')
  assert.equal(describe({ a: 1 }), 'a section')
  assert.equal(
    describe(() => 1),
    'a function',
  )
  assert.equal(describe(Number.NaN), 'NaN')
})

test('paths are written as a person would write them', () => {
  assert.equal(formatPath(['routes', 0, 'headers', 'x-a']), 'routes[0].headers.x-a')
  assert.equal(formatPath(['upstreams', 'api.example', 'tls']), 'upstreams["api.example"].tls')
})
