import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Row } from '../cases/case.ts'
import { isPinned } from '../machine/cores.ts'

const resultsFolder = fileURLToPath(new URL('../results', import.meta.url))

/** What one run has found. */
export interface Results {
  /** Of the run's start, ISO 8601. */
  date: string
  isQuick: boolean
  machine: { processor: string; cores: number; node: string; isPinned: boolean }
  /** By the names of the cases. */
  cases: Record<string, Row[]>
  /** Where headgate's time goes; absent where that was not looked at. */
  profiles?: Profiles
}

/** µs per request by part of the program, by the names of the cases. */
export type Profiles = Record<string, Record<string, number>>

export function newResults(isQuick: boolean): Results {
  return {
    date: new Date().toISOString(),
    isQuick,
    machine: {
      processor: cpus()[0]?.model.trim() || 'unknown',
      cores: availableParallelism(),
      node: process.version,
      isPinned: isPinned(),
    },
    cases: {},
  }
}

/** Writes a run to a file of its own, and to `latest.json`, where cases and profiles of former runs stay that this one has not run. */
export function save(results: Results): string {
  mkdirSync(resultsFolder, { recursive: true })
  const file = join(resultsFolder, `${results.date.replaceAll(':', '-')}.json`)
  writeFileSync(file, JSON.stringify(results, undefined, 2))
  const before = latest()
  const merged = { ...before, ...results, cases: { ...before?.cases, ...results.cases } }
  if (!results.isQuick) writeFileSync(latestFile, JSON.stringify(merged, undefined, 2))
  return file
}

const latestFile = join(resultsFolder, 'latest.json')

export function latest(): Results | undefined {
  try {
    return JSON.parse(readFileSync(latestFile, 'utf8')) as Results
  } catch {
    return undefined
  }
}
