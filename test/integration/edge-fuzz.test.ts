import assert from 'node:assert/strict'
import test from 'node:test'
import { fuzzRequests } from '../fuzz/requests.ts'

test('no request is read in two ways, over generated and mutated bytes', async () => {
  const { differences, passed, refused } = await fuzzRequests(150, 20_261_121)
  assert.deepEqual(differences, [])
  assert.ok(passed > 30 && refused > 30, `${passed} passed on, ${refused} refused`)
})
