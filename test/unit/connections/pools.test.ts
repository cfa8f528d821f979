import assert from 'node:assert/strict'
import test from 'node:test'
import { openPool } from '../../../src/connections/pools.ts'

test('opens a pool for a server by name or address', async () => {
  const named = openPool({ protocol: 'http:', host: 'app.example', port: 3000 })
  const v6 = openPool({ protocol: 'https:', host: '::1', port: 443, servername: 'app.example' })
  assert.equal(named.origin.origin, 'http://app.example:3000')
  assert.equal(v6.origin.hostname, '[::1]')
  assert.deepEqual([named.stats.total, v6.stats.total], [0, 0])
  await Promise.all([named.close(), v6.close()])
})
