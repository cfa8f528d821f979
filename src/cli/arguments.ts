import { parseArgs } from 'node:util'
import { HeadgateError } from '../errors.ts'

/** What the command line asks for. */
export type Command =
  | { verb: 'start'; config?: string; host?: string; port?: number; watch?: boolean }
  | { verb: 'check'; config?: string }
  | { verb: 'demo'; host?: string; port?: number; once: boolean }
  | { verb: 'agent'; servers: string; host?: string; port: number }
  | { verb: 'top'; admin: URL; once: boolean }
  | { verb: 'help' }
  | { verb: 'version' }

const options = {
  config: { type: 'string', short: 'c' },
  host: { type: 'string' },
  port: { type: 'string', short: 'p' },
  servers: { type: 'string' },
  once: { type: 'boolean' },
  admin: { type: 'string' },
  watch: { type: 'boolean', short: 'w' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

type Option = keyof typeof options

/** The verbs, and the options that each of them takes. */
const verbs: Readonly<Record<string, readonly Option[]>> = {
  start: ['config', 'host', 'port', 'watch'],
  check: ['config'],
  demo: ['host', 'port', 'once'],
  agent: ['servers', 'host', 'port'],
  top: ['admin', 'once'],
}

/** Where an admin port stands by default. */
const defaultAdmin = 'http://127.0.0.1:9901'

/**
 * Reads the arguments that follow the name of the program.
 *
 * @throws HeadgateError `HEADGATE_USAGE`, which says what is wrong and what would be right
 */
export function parseArguments(args: readonly string[]): Command {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  if (values.help === true) return { verb: 'help' }
  if (values.version === true) return { verb: 'version' }

  const given = tokens.filter((token) => token.kind === 'option')
  for (const option of given) {
    if (!Object.hasOwn(options, option.name)) throw usage(`There is no option ${option.rawName}.`)
    checkValue(option)
  }
  const [verb = 'start', surplus] = positionals
  const allowed = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (allowed === undefined) {
    throw usage(`There is no command ${verb}; there are ${Object.keys(verbs).join(', ')}.`)
  }
  for (const { name, rawName } of given) {
    if (allowed.includes(name as Option)) continue
    const known = allowed.map((one) => `--${one}`).join(', ')
    throw usage(`headgate ${verb} has no option ${rawName}; it has ${known}.`)
  }
  if (surplus !== undefined) throw usage(`headgate ${verb} takes no argument such as ${surplus}.`)
  return toCommand(verb, values)
}

function checkValue({ name, rawName, value }: { name: string; rawName: string; value?: string | undefined }) {
  if (options[name as Option].type === 'boolean') {
    if (value !== undefined) throw usage(`${rawName} takes no value.`)
    return
  }
  // `--host --port 80`: what looks like an option was not meant as a value.
  if (value === undefined || value === '' || value.startsWith('--')) throw usage(`${rawName} needs a value.`)
  if (name === 'admin' && !/^https?:/.test(URL.parse(value)?.protocol ?? '')) {
    throw usage(`${rawName} needs the URL of an admin port, such as ${defaultAdmin}, and ${value} is none.`)
  }
  if (name === 'port' && !(/^\d{1,5}$/.test(value) && Number(value) <= 65_535)) {
    throw usage(`${rawName} needs a whole number from 0 to 65535, and ${value} is none.`)
  }
}

function toCommand(verb: string, values: Partial<Record<Option, unknown>>): Command {
  const {
    config,
    host,
    servers,
    once = false,
    admin = defaultAdmin,
    watch,
  } = values as {
    config?: string
    host?: string
    servers?: string
    once?: boolean
    admin?: string
    watch?: boolean
  }
  const port = values.port === undefined ? undefined : Number(values.port)
  const address = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) }
  const from = config === undefined ? {} : { config }
  switch (verb) {
    case 'check':
      return { verb, ...from }
    case 'demo':
      return { verb, ...address, once }
    case 'agent':
      if (port === undefined || servers === undefined) {
        throw usage('headgate agent needs both --port and --servers.')
      }
      return { verb, ...address, port, servers }
    case 'top':
      return { verb, admin: new URL(admin), once }
    default:
      return { verb: 'start', ...from, ...address, ...(watch && { watch }) }
  }
}

function usage(what: string): HeadgateError {
  return new HeadgateError('HEADGATE_USAGE', { message: `${what}\nheadgate --help shows every command.` })
}
