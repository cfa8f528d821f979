import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAdmin } from '../helpers/admin.ts'
import { freePort, headgate } from '../helpers/command.ts'
import { configFor, startOrigin } from '../helpers/gateway.ts'

test('headgate top shows a gateway in a pipe, once, without a code of a terminal', async (t) => {
  const origin = await startOrigin(t)
  const { url, gateway } = await startAdmin(t, configFor([origin]))
  const command = headgate(t, ['top', '--admin', url, '--once'])
  let hasEnded = false
  const exit = command.exit().finally(() => {
    hasEnded = true
  })
  while (!hasEnded) await (await fetch(gateway.url)).text()

  assert.equal(await exit, 0, command.stderr)
  assert.match(command.stdout, /^headgate \d+\.\d+\.\d+ · up \d+ s\n/)
  assert.match(command.stdout, new RegExp(`^  ${origin.name.replaceAll('.', '\\.')} +ready +1 +100 %`, 'm'))
  assert.ok(!command.stdout.includes('\u001b'), command.stdout)
})

test('it goes on until it is stopped, and through a restart of the gateway', async (t) => {
  const origin = await startOrigin(t)
  const first = await startAdmin(t, configFor([origin]))
  const command = headgate(t, ['top', '--admin', first.url])
  await command.printed(origin.name)
  await first.gateway.app.close()
  await command.printed('It is being tried again.')
  const told = command.stdout.length
  await startAdmin(t, configFor([origin]), { port: Number(new URL(first.url).port) })
  await command.until(() => command.stdout.slice(told).includes(origin.name), 'the gateway is back')
  command.signal('SIGINT')
  assert.equal(await command.exit(), 0)
})

test('where no gateway is, it says what to do', async (t) => {
  const command = headgate(t, ['top', '--admin', `http://127.0.0.1:${await freePort()}`])
  assert.equal(await command.exit(), 1)
  assert.match(command.stderr, /No gateway tells of itself at .*ECONNREFUSED.*headgate top --admin URL\n$/)
  const wrong = headgate(t, ['top', '--admin', 'ftp://a'])
  assert.equal(await wrong.exit(), 1)
  assert.match(wrong.stderr, /--admin needs the URL of an admin port/)
})
