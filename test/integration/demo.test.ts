import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headgate } from '../helpers/command.ts'

test('headgate demo --once checks what the demo promises, and exits 0', async (t) => {
  const command = headgate(t, ['demo', '--once', '--port', '0'])
  assert.equal(await command.exit(), 0, command.stdout + command.stderr)
  assert.match(command.stdout, /ok {4}an asset, the second time: headgate; hit/)
  assert.doesNotMatch(command.stdout, /FAIL/)
})

test('headgate demo says what to open, shows where requests go, and ends with Ctrl-C', async (t) => {
  const command = headgate(t, ['demo', '--port', '0'])
  await command.printed('/metrics\n')
  const page = /the page +(http:\S+)/.exec(command.stdout)?.[1] as string
  const html = await (await fetch(page)).text()
  assert.match(html, /answered by (amber|teal|violet)/)
  assert.ok(!html.includes('{{'))
  const dashboard = /dashboard +(http:\S+)/.exec(command.stdout)?.[1] as string
  assert.match(await (await fetch(dashboard)).text(), /<title>headgate<\/title>/)
  assert.match(await (await fetch(`${page}metrics`)).text(), /^headgate_requests_total/m)
  await command.printed('00:02  sent')
  assert.match(command.stdout, /amber \d+ +[#.]+ +\d+ %/)
  command.signal('SIGINT')
  assert.equal(await command.exit(), 0, command.stderr)
})
