import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { help } from '../../../src/cli/help.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { configSchema } from '../../../src/config/schema.ts'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

test('the configuration of the README is valid', () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? []
  const { upstreams, plugins } = resolveConfig(parse(yaml ?? ''))
  assert.equal(upstreams.app?.servers?.length, 2)
  assert.equal(plugins.length, 1)
})

test('the README names every section of the configuration', () => {
  for (const section of Object.keys(configSchema.properties)) {
    assert.match(readme, new RegExp(`^\\| \`${section}(\\.NAME)?\` \\|`, 'm'), section)
  }
})

test('the README and the help tell the same exit codes', () => {
  const codes = Array.from(help.matchAll(/^ {2}(\d+) +\S/gm), ([, code]) => code)
  const told = /Exit codes: ([^.]*)\./.exec(readme.replaceAll('\n', ' '))?.[1]
  assert.deepEqual(told?.match(/\b\d+\b/g), codes)
})
