import assert from 'node:assert/strict'
import test from 'node:test'
import { hasNginx, NginxReader } from '../fuzz/nginx-reader.ts'
import { fuzzRequests } from '../fuzz/requests.ts'

test('no request is read in two ways, over generated and mutated bytes', async () => {
  const { differences, passed, refused } = await fuzzRequests(150, 20_261_121)
  assert.deepEqual(differences, [])
  assert.ok(passed > 30 && refused > 30, `${passed} passed on, ${refused} refused`)
})

test('nor by nginx', { skip: hasNginx() ? false : 'nginx is not installed' }, async (t) => {
  const judge = await NginxReader.start()
  t.after(() => judge.close())
  const { differences, passed } = await fuzzRequests(100, 20_261_125, judge)
  assert.deepEqual(differences, [])
  assert.ok(passed > 20, `${passed} passed on`)
})
