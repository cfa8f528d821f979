import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, parseArguments } from '../../../src/cli/arguments.ts'
import { help } from '../../../src/cli/help.ts'

const commands: Record<string, Command> = {
  '': { verb: 'start' },
  start: { verb: 'start' },
  '--config a.yaml': { verb: 'start', config: 'a.yaml' },
  '-c a.yaml -p 80': { verb: 'start', config: 'a.yaml', port: 80 },
  'start --host ::1 --port=0': { verb: 'start', host: '::1', port: 0 },
  '--port 1 --port 2': { verb: 'start', port: 2 },
  check: { verb: 'check' },
  '--config b.json check': { verb: 'check', config: 'b.json' },
  demo: { verb: 'demo', once: false },
  'demo --once --port 0': { verb: 'demo', once: true, port: 0 },
  'agent --port 2547 --servers s.yaml': { verb: 'agent', port: 2547, servers: 's.yaml' },
  '--help': { verb: 'help' },
  'check -h --nonsense': { verb: 'help' },
  '--version': { verb: 'version' },
}

for (const [line, command] of Object.entries(commands)) {
  test(`headgate ${line} is understood`, () => {
    assert.deepEqual(parseArguments(line === '' ? [] : line.split(' ')), command)
  })
}

const mistakes: Record<string, RegExp> = {
  serve: /There is no command serve; there are start, check, demo, agent/,
  constructor: /There is no command constructor/,
  'start twice': /headgate start takes no argument such as twice/,
  '--confg a.yaml': /There is no option --confg/,
  'start --wat': /There is no option --wat/,
  'check --port 80': /headgate check has no option --port; it has --config/,
  'start --once': /headgate start has no option --once; it has --config, --host, --port/,
  'start --config': /--config needs a value/,
  'start --host --port 80': /--host needs a value/,
  'start --port http': /--port needs a whole number from 0 to 65535, and http is none/,
  'start --port 65536': /--port needs a whole number/,
  'start -p -1': /-p needs a whole number/,
  'demo --once=yes': /--once takes no value/,
  'agent --port 1': /needs both --port and --servers/,
}

for (const [line, message] of Object.entries(mistakes)) {
  test(`headgate ${line} is refused, with what would be right`, () => {
    assert.throws(() => parseArguments(line.split(' ')), { code: 'HEADGATE_USAGE', message })
  })
}

test('the help names every verb', () => {
  for (const verb of ['start', 'check', 'demo', 'agent']) assert.match(help, new RegExp(`\\b${verb}\\b`))
})
