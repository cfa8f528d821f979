import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { folderWith, freePort, headgate } from '../helpers/command.ts'

const list = (score: number) => JSON.stringify([{ dns_name: 'worker-1', score, utilization_category: 'LU' }])

test('headgate agent announces the list of a file, and again when the file changes', async (t) => {
  const folder = await folderWith(t, { 'servers.json': list(10) })
  const port = await freePort()
  const command = headgate(t, ['agent', '--port', String(port), '--servers', 'servers.json'], { cwd: folder })
  await command.printed('Server listening')
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  t.after(() => client.terminate())
  const [first] = await once(client, 'message')
  assert.deepEqual(JSON.parse(String(first)), JSON.parse(list(10)))

  await writeFile(join(folder, 'servers.json'), list(20))
  for (;;) {
    const [frame] = await once(client, 'message')
    if (JSON.parse(String(frame))[0].score === 20) break
  }
  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)
})

test('a file that is no list of servers: exit 1 and what is wrong with it', async (t) => {
  const folder = await folderWith(t, { 'servers.json': '[{ "dns_name": "a" }]' })
  const command = headgate(t, ['agent', '--port', '0', '--servers', 'servers.json'], { cwd: folder })
  assert.equal(await command.exit(), 1)
  assert.match(command.stderr, /servers\.json: a: score must be a number/)
  assert.ok(!command.stderr.includes('    at '), command.stderr)
})
