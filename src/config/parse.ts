import { LineCounter, parseDocument } from 'yaml'
import { ConfigError, type Path } from './faults.ts'

/** What stands in a file, before anybody has looked at what it means. */
export interface Parsed {
  value: unknown
  /** Line of a value, from 1; of the nearest section around it where it is not written. */
  lineOf?: (path: Path) => number | undefined
}

/**
 * Reads YAML 1.2. A key that stands twice is a fault.
 *
 * @throws ConfigError with line and column of each mistake in the syntax
 */
export function parseYaml(text: string, source: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const mistakes = document.errors.map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0])
    return { path: `line ${line}, column ${col}`, found: plain(message), expected: 'valid YAML' }
  })
  if (mistakes.length > 0) throw new ConfigError(mistakes, source)
  try {
    return { value: document.toJS(), lineOf }
  } catch (error) {
    const found = plain((error as Error).message)
    throw new ConfigError([{ path: 'anchors', found, expected: 'aliases that can be resolved' }], source)
  }

  function lineOf(path: Path): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as { range?: [number, ...number[]] } | undefined
      if (node?.range !== undefined) return lines.linePos(node.range[0]).line
    }
    return undefined
  }
}

/** @throws ConfigError with the place of the mistake in the syntax */
export function parseJson(text: string, source: string): Parsed {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const found = plain((error as Error).message)
    throw new ConfigError([{ path: placeOf(found) ?? 'the file', found, expected: 'valid JSON' }], source)
  }
}

function placeOf(message: string): string | undefined {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? []
  return line === undefined ? undefined : `line ${line}, column ${column}`
}

function plain(message: string): string {
  return message.replace(/\s+/g, ' ').trim()
}
