import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from '../../../src/config/environment.ts'
import { ConfigError } from '../../../src/config/faults.ts'
import { loadConfig } from '../../../src/config/load.ts'

const needed = { HOST_PORT_HTTP_BALANCER: '8000', HOST_PORT_WS_DEPLOYMENT_AGENT: '2547', TARGET_PORT: '5000' }

function namesIn(env: Record<string, string>): string[] {
  try {
    readEnvironment(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path }) => path)
    throw error
  }
  return []
}

test('three variables configure a gateway', async () => {
  const { config, source, file, folder } = await loadConfig({ env: needed, cwd: '/nowhere' })
  assert.equal(source, 'the environment')
  assert.equal(file, undefined)
  assert.equal(folder, '/nowhere')
  assert.equal(config.server.port, 8000)
  assert.deepEqual(Object.keys(config.upstreams), ['app'])
  const { discovery, timeouts } = config.upstreams.app!
  assert.ok(discovery?.kind === 'agent')
  assert.equal(discovery.url, 'ws://deployment-agent:2547/ws')
  assert.equal(discovery.port, 5000)
  assert.equal(timeouts.request, 60_000)
  assert.deepEqual(config.routes, [{ path: '/', upstream: [{ name: 'app', weight: 1 }], priority: 'normal' }])
  assert.equal(config.cache.mode, 'static')
  assert.equal(config.cache.maxEntries, 10_000)
})

test('the others set the cache, the time limit and the host of the agent', async () => {
  const env = { ...needed, CACHE_CAPACITY: '500', REQUEST_TIMEOUT: '2.5', DEPLOYMENT_AGENT_HOST: '127.0.0.1' }
  const { config } = await loadConfig({ env, cwd: '/nowhere' })
  const { discovery, timeouts } = config.upstreams.app!
  assert.ok(discovery?.kind === 'agent')
  assert.equal(discovery.url, 'ws://127.0.0.1:2547/ws')
  assert.equal(timeouts.request, 2500)
  assert.equal(config.cache.maxEntries, 500)
})

test('a capacity of 0 turns the cache off', () => {
  assert.deepEqual(readEnvironment({ ...needed, CACHE_CAPACITY: '0' }).cache, { mode: 'off' })
})

test('an IPv6 address of the agent is put in brackets', async () => {
  const { config } = await loadConfig({ env: { ...needed, DEPLOYMENT_AGENT_HOST: '::1' }, cwd: '/nowhere' })
  const discovery = config.upstreams.app?.discovery
  assert.equal(discovery?.kind === 'agent' && discovery.url, 'ws://[::1]:2547/ws')
})

test('one variable alone means that the others were forgotten', async () => {
  await assert.rejects(loadConfig({ env: { TARGET_PORT: '5000' }, cwd: '/nowhere' }), {
    code: 'HEADGATE_CONFIG_INVALID',
    message: [
      'The configuration (the environment) has 2 faults:',
      '  HOST_PORT_HTTP_BALANCER: found nothing, expected a port to serve on, a whole number from 1 to 65535',
      '  HOST_PORT_WS_DEPLOYMENT_AGENT: found nothing, expected the port of the deployment agent, a whole number from 1 to 65535',
    ].join('\n'),
  })
})

test('a variable that is empty is one that is missing', () => {
  assert.deepEqual(namesIn({ ...needed, TARGET_PORT: ' ' }), ['TARGET_PORT'])
  assert.deepEqual(namesIn({ ...needed, CACHE_CAPACITY: '' }), [])
})

test('each malformed variable is named', () => {
  const malformed: [string, string[]][] = [
    ['HOST_PORT_HTTP_BALANCER', ['http', '0', '65536', '80.5', '-1', '0x50']],
    ['HOST_PORT_WS_DEPLOYMENT_AGENT', ['2547/ws', '1e3']],
    ['TARGET_PORT', ['five', '99999999999999999999']],
    ['CACHE_CAPACITY', ['many', '-1', '1.5']],
    ['REQUEST_TIMEOUT', ['30s', '0', '-5', 'NaN']],
    ['DEPLOYMENT_AGENT_HOST', ['agent:2547', 'ws://agent', 'a b', 'user@agent']],
  ]
  for (const [name, values] of malformed) {
    for (const value of values) assert.deepEqual(namesIn({ ...needed, [name]: value }), [name], value)
  }
})
