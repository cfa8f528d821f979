import type { Finding, Path } from './faults.ts'

/**
 * Keys that are part of the configuration and whose feature is not built yet. They are refused, never accepted
 * and ignored. `*` stands for any key or index; a value that `allowed` names asks for nothing.
 * To enable a key, delete its line.
 */
export const unsupported: readonly { path: string; what: string; allowed?: unknown }[] = []

export function* findUnsupported(config: unknown): Generator<Finding> {
  for (const { path, what, allowed } of unsupported) {
    for (const [at, value] of valuesAt(config, path.split('.'))) {
      if (value === undefined || value === allowed) continue
      const expected = allowed === undefined ? 'this key to be absent' : String(allowed)
      yield { at, found: `${shown(value)}, which is not supported yet (${what})`, expected }
    }
  }
}

function shown(value: unknown): string {
  return typeof value === 'object' ? 'a section' : String(value)
}

function* valuesAt(value: unknown, [key, ...rest]: string[], at: Path = []): Generator<[Path, unknown]> {
  if (key === undefined) return yield [at, value]
  if (typeof value !== 'object' || value === null) return
  const keys = key === '*' ? Object.keys(value) : [key]
  for (const name of keys) yield* valuesAt((value as Record<string, unknown>)[name], rest, [...at, name])
}
