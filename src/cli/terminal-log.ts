import { inspect, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const levels: Readonly<Record<number, readonly [name: string, style: Style]>> = {
  10: ['trace', 'gray'],
  20: ['debug', 'gray'],
  30: ['info ', 'green'],
  40: ['warn ', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', ['bold', 'red']],
}

interface LoggedError {
  message?: string
  stack?: string
}

/** Writes a line of the JSON log for people: time, level, sentence, then what belongs to it. */
export function formatLogLine(line: string, hasColors: boolean): string {
  const paint = (style: Style, text: string) =>
    hasColors ? styleText(style, text, { validateStream: false }) : text
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line)
  } catch {
    return line
  }
  const { time, level, msg, pid: _pid, hostname: _hostname, err, ...rest } = entry
  const [name, style] = levels[level as number] ?? [String(level), 'white']
  const fields = Object.entries(rest).map(([key, value]) => `${paint('gray', `${key}=`)}${shown(value)}`)
  const error = errorText(err as LoggedError | undefined)
  const head = [paint('gray', clockTime(time)), paint(style, name), String(msg ?? ''), ...fields].join(' ')
  return error === '' ? `${head}\n` : `${head}\n${paint('gray', error.replaceAll(/^/gm, '    '))}\n`
}

function clockTime(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN)
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8)
}

/** What clients sent may stand in a log; none of it may steer the terminal. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[!#-<>-~]+$/.test(value)) return value
  if (typeof value === 'string') return inspect(value)
  return typeof value === 'object' ? inspect(value, { breakLength: Number.POSITIVE_INFINITY }) : String(value)
}

function errorText(error: LoggedError | undefined): string {
  return error?.stack ?? error?.message ?? ''
}
