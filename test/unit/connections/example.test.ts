import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'

test('the example of the pool alone runs, and prints what the server has seen', async () => {
  const example = new URL('../../../examples/recycling-pool.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [example])
  assert.match(stdout, /closed after 5 requests: max_requests/)
  assert.match(stdout, /requests per connection: 5, 5, 2\n/)
})
