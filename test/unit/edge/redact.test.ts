import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactTarget } from '../../../src/edge/redact.ts'

test('values of parameters that let somebody in are hidden, and nothing else is', () => {
  assert.equal(redactTarget('/token/secret'), '/token/secret')
  assert.equal(redactTarget('/a?page=2&sort=name'), '/a?page=2&sort=name')
  assert.equal(
    redactTarget('/a?access_token=abc&page=2&X-Amz-Signature=f00&API_KEY=1&code=9'),
    '/a?access_token=[hidden]&page=2&X-Amz-Signature=[hidden]&API_KEY=[hidden]&code=[hidden]',
  )
  assert.equal(redactTarget('/a?password=a=b&zipcode=1&token'), '/a?password=[hidden]&zipcode=1&token')
})

test('a target that is as long as it may be takes no time', () => {
  const begun = performance.now()
  redactTarget(`/?${'token'.repeat(1600)}`)
  redactTarget(`/?${'&'.repeat(8000)}`)
  assert.ok(performance.now() - begun < 100)
})
