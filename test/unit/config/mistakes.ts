import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, formatFault } from '../../../src/config/faults.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'

/** What is wrong, the input, and every line that it must give. */
export type Mistake = [what: string, input: unknown, lines: string[]]

/** One test for each mistake. */
export function testMistakes(mistakes: readonly Mistake[]): void {
  for (const [what, input, lines] of mistakes) {
    test(`${what} is told in plain words`, () => assert.deepEqual(faultsOf(input), lines))
  }
}

/** The lines that a configuration's faults are told in. */
export function faultsOf(input: unknown): string[] {
  try {
    resolveConfig(input)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(formatFault)
    throw error
  }
  return []
}

export const servers = [{ url: 'http://10.0.0.5:3000' }]
export const routes = [{ upstream: 'app' }]
export const sound = { upstreams: { app: { servers } }, routes }

/** A sound configuration with one section set. */
export const withSection = (name: string, section: unknown) => ({ ...sound, [name]: section })
export const withUpstream = (upstream: object) => withSection('upstreams', { app: { servers, ...upstream } })
export const withServer = (...list: unknown[]) => withUpstream({ servers: list })
export const withDiscovery = (discovery: unknown) => withSection('upstreams', { app: { discovery } })
export const withRoute = (...list: object[]) =>
  withSection(
    'routes',
    list.map((route) => ({ upstream: 'app', ...route })),
  )
