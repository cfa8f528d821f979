import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderWith, headgate } from '../helpers/command.ts'

const good =
  'upstreams: { app: { servers: [{ url: "http://127.0.0.1:3000" }] } }\nroutes: [{ path: /, upstream: app }]\n'

test('a good configuration: exit 0 and one line', async (t) => {
  const folder = await folderWith(t, { 'headgate.yaml': good })
  const command = headgate(t, ['check'], { cwd: folder })
  assert.equal(await command.exit(), 0)
  assert.match(
    command.stdout,
    /^The configuration \(.*headgate\.yaml\) is valid: 1 upstream, 1 route, 0 plugins\.\n$/,
  )
  assert.equal(command.stderr, '')
})

test('a bad one: exit 1 and every fault at once, with its path', async (t) => {
  const bad = `${good.replace('path: /', 'path: api, upsteam: app, timeout: soon')}cache: { mode: sometimes }\n`
  const folder = await folderWith(t, { 'bad.yaml': bad })
  const command = headgate(t, ['check', '--config', 'bad.yaml'], { cwd: folder })
  assert.equal(await command.exit(), 1)
  for (const path of ['routes[0].path', 'routes[0].upsteam', 'routes[0].timeout', 'cache.mode']) {
    assert.ok(command.stderr.includes(`${path}: found `), `${path} in ${command.stderr}`)
  }
})

for (const [name, text] of Object.entries({
  'a.json':
    '{ "upstreams": { "app": { "servers": [{ "url": "http://h:1" }] } }, "routes": [{ "path": "/", "upstream": "app" }] }',
  'a.ts':
    'const port: number = 1\nexport default { upstreams: { app: { servers: [{ url: "http://h:" + port }] } }, routes: [{ path: "/", upstream: "app" }] }',
})) {
  test(`a configuration may be ${name}, and $HEADGATE_CONFIG may name it`, async (t) => {
    const folder = await folderWith(t, { [name]: text })
    const command = headgate(t, ['check'], { env: { HEADGATE_CONFIG: join(folder, name) } })
    assert.equal(await command.exit(), 0, command.stderr)
  })
}

test('no configuration at all: exit 1, and what to do', async (t) => {
  const folder = await folderWith(t, {})
  const command = headgate(t, ['check'], { cwd: folder })
  assert.equal(await command.exit(), 1)
  assert.match(command.stderr, /There is no configuration/)
  assert.match(command.stderr, /headgate demo/)
})

test('an argument that nobody knows: exit 1, one sentence and no stack', async (t) => {
  const command = headgate(t, ['start', '--colour'])
  assert.equal(await command.exit(), 1)
  assert.equal(command.stderr, 'There is no option --colour.\nheadgate --help shows every command.\n')
})

test('--version and --help print to standard output and exit 0', async (t) => {
  const [version, help] = [headgate(t, ['--version']), headgate(t, ['--help'])]
  assert.equal(await version.exit(), 0)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  assert.equal(await help.exit(), 0)
  assert.match(help.stdout, /headgate check \[--config FILE\]/)
})
