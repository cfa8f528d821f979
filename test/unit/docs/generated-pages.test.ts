import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generatedPages } from '../../../scripts/generate-docs.ts'
import { environmentVariables } from '../../../src/config/environment.ts'
import { errorCodes } from '../../../src/errors.ts'

for (const [path, render] of Object.entries(generatedPages)) {
  test(`${path} says what the code says (run npm run docs)`, async () => {
    const written = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
    assert.equal(written, await render())
  })
}

test('the pages name every variable and every code', async () => {
  const [configuration, errors] = await Promise.all(Object.values(generatedPages).map((render) => render()))
  for (const variable of Object.keys(environmentVariables))
    assert.ok(configuration?.includes(variable), variable)
  for (const code of Object.keys(errorCodes)) assert.ok(errors?.includes(`\`${code}\``), code)
})
