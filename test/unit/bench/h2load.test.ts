import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readH2loadReport } from '../../../bench/load/h2load.ts'

const output = `finished in 2.50s, 1200.00 req/s, 1.99MB/s
requests: 4 total, 9 started, 4 done, 2 succeeded, 1 failed, 1 errored, 0 timeout
traffic: 15.73MB (16496028) total, 514.03KB (526364) headers (space savings 85.43%), 14.84MB (15558798) data
`

test('the report of h2load is read, and what has no good answer is an error', () => {
  const log = '1000\t200\t2000\n1001\t200\t4000\n1002\t503\t1\n1003\t-1\t9\n'
  assert.deepEqual(readH2loadReport(output, log), {
    requests: 2,
    seconds: 2.5,
    bytes: 16_496_028,
    errors: 2,
    p50: 2,
    p99: 4,
  })
  assert.equal(readH2loadReport(output.replace('2.50s', '250.00ms'), log).seconds, 0.25)
  assert.throws(() => readH2loadReport('it broke', ''), /no report/)
})
