import { availableParallelism } from 'node:os'
import { pathOf } from './installed.ts'

/** Who runs where. The program under test has a core of its own; what drives it and what answers it share the rest. */
export type Role = 'gateway' | 'load'

/** Whether processes are pinned to cores: `taskset` is there, and more than one core. */
export function isPinned(): boolean {
  return availableParallelism() > 1 && pathOf('taskset') !== undefined
}

/** The command line that runs a command on the cores of its role. */
export function onCore(role: Role, command: string, args: readonly string[]): [string, ...string[]] {
  if (!isPinned()) return [command, ...args]
  const last = availableParallelism() - 1
  const cores = role === 'gateway' ? '0' : last === 1 ? '1' : `1-${last}`
  return [pathOf('taskset') as string, '-c', cores, command, ...args]
}
