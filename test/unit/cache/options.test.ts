import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withDefaults } from '../../../src/cache/options.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'

test('the cache alone has the defaults of the configuration', () => {
  const upstreams = { app: { servers: [{ url: 'http://127.0.0.1:1' }] } }
  const { cache } = resolveConfig({ upstreams, routes: [{ path: '/', upstream: 'app' }] }, { folder: '/' })
  const { mode: _, ...configured } = cache

  assert.deepEqual({ ...withDefaults({}), ...configured }, withDefaults({}))
})
