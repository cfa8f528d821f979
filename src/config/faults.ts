import { HeadgateError } from '../errors.ts'

/** One mistake in a configuration, in words that make sense to someone who has never seen the schema. */
export interface ConfigFault {
  /** Where it stands, such as `upstreams.app.connections.maxAge` or `routes[0].path`, or the name of a variable. */
  path: string
  found: string
  expected: string
  /** What was probably meant. */
  suggestion?: string
  /** Line of the file, from 1, where the format tells it. */
  line?: number
}

/** The keys and indexes that lead to a value. */
export type Path = readonly (string | number)[]

/** A fault whose place is still a list of keys, so that the value can be looked up and left out. */
export interface Finding {
  at: Path
  found: string
  expected: string
  suggestion?: string | undefined
}

/** Thrown with every fault at once. */
export class ConfigError extends HeadgateError {
  readonly faults: readonly ConfigFault[]

  /** @param source the file, or `the environment`, that the faults are in */
  constructor(faults: readonly ConfigFault[], source?: string) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
    const place = source === undefined ? 'The configuration' : `The configuration (${source})`
    const lines = faults.map((fault) => `  ${formatFault(fault)}`)
    super('HEADGATE_CONFIG_INVALID', { message: [`${place} has ${count}:`, ...lines].join('\n') })
    this.faults = faults
  }
}

/** One line: `upstreams.app.connections.maxAge: found "5 minutes", expected a duration such as ...`. */
export function formatFault({ path, found, expected, suggestion, line }: ConfigFault): string {
  const place = path === '' ? 'the configuration' : path
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`
  const where = line === undefined ? '' : ` (line ${line})`
  return `${place}: found ${found}, expected ${expected}${hint}${where}`
}

/** `['routes', 0, 'headers', 'x-a']` is `routes[0].headers.x-a`; a key with other characters stands in quotes. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** What stands for a secret. */
export const hidden = 'another value (not shown)'

const longestQuote = 80

/** A value as a person would say it: short, and without the password of a URL. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'nothing (an empty value)'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty section' : 'a section'
  if (typeof value !== 'string') return String(value)
  const masked = value.replace(/\/\/\S*@/, '//***@')
  return JSON.stringify(masked.length > longestQuote ? `${masked.slice(0, longestQuote)}...` : masked)
}
