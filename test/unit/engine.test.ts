import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const engine = new URL('../../src/engine.ts', import.meta.url).href

/** What a process says on which the engine was told so, and its exit code. */
function told(version: string) {
  const code = `import { countBuffersAsHeap } from '${engine}'; countBuffersAsHeap(${version})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  return { status, stderr }
}

test('this V8 takes what it is told, and an older one is told nothing', () => {
  assert.deepEqual(told('process.versions.v8'), { status: 0, stderr: '' })
  assert.deepEqual(told("'13.6.233.10-node.18'"), { status: 0, stderr: '' })
})
