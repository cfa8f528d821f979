import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const engine = new URL('../../src/engine.ts', import.meta.url).href

/** What a process that runs this code says, and its exit code. */
function run(code: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('this V8 takes what it is told, and an older one is told nothing', () => {
  const told = (version: string) => run(`import { setFlag } from '${engine}'; setFlag(${version})`)
  assert.deepEqual(told('process.versions.v8'), { status: 0, stdout: '', stderr: '' })
  assert.deepEqual(told("'13.6.233.10-node.18'"), { status: 0, stdout: '', stderr: '' })
})

test('V8 compiles and collects behind the thread that serves, and no other thread stands back', {
  skip: process.platform !== 'linux' && 'Linux alone has priorities of threads',
}, () => {
  const { status, stdout, stderr } = run(`
    import { readdirSync, readFileSync } from 'node:fs'
    import { getPriority } from 'node:os'
    import { tuneEngine } from '${engine}'
    tuneEngine(process)
    for (const id of readdirSync('/proc/self/task')) {
      const isHelper = readFileSync(\`/proc/self/task/\${id}/comm\`, 'latin1').includes('V8Worker')
      console.log(\`\${isHelper ? 'helper' : 'other'} \${getPriority(Number(id)) - getPriority()}\`)
    }`)
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual([...new Set(stdout.trim().split('\n'))].sort(), ['helper 10', 'other 0'])
})
