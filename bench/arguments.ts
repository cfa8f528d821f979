/** What the bench is asked for. */
export interface BenchArguments {
  /** Cases by name; empty = the selection of the pace. */
  cases: string[]
  isQuick: boolean
  /** Gateways whose names begin with one of these; empty = all. */
  gateways: string[]
  /** Write `docs/performance.md` and its chart. */
  writesDocs: boolean
  /** Profile headgate in these cases in the place of a comparison. */
  profiles: boolean
  help: boolean
}

export class UsageError extends Error {}

/** Reads the command line; throws a UsageError that says what was expected. */
export function parseArguments(args: readonly string[], knownCases: readonly string[]): BenchArguments {
  const parsed: BenchArguments = {
    cases: [],
    isQuick: false,
    gateways: [],
    writesDocs: false,
    profiles: false,
    help: false,
  }
  for (const arg of args) {
    if (arg === '--quick') parsed.isQuick = true
    else if (arg === '--docs') parsed.writesDocs = true
    else if (arg === '--profile') parsed.profiles = true
    else if (arg === '--help' || arg === '-h') parsed.help = true
    else if (arg.startsWith('--gateways=')) {
      parsed.gateways.push(...arg.slice('--gateways='.length).split(',').filter(Boolean))
    } else if (arg.startsWith('-')) throw new UsageError(`Unknown option ${arg}`)
    else if (knownCases.includes(arg)) parsed.cases.push(arg)
    else throw new UsageError(`Unknown case ${arg}; there are: ${knownCases.join(', ')}`)
  }
  return parsed
}

/** True for a gateway whose name begins with one of those that are wanted; for every one where none is named. */
export function isWanted(gateway: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((name) => gateway.startsWith(name))
}
