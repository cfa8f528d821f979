import { pathOf } from '../machine/installed.ts'
import { runClosedLoop } from './closed-loop.ts'
import { runH2load } from './h2load.ts'
import type { Load, LoadResult } from './load.ts'
import { runWrk } from './wrk.ts'

/** Drives a port with h2load where it speaks HTTP/2; else with wrk, or with a generator of the bench's own where wrk is not installed. */
export function drive(load: Load, folder: string): Promise<LoadResult> {
  if (load.streams !== undefined) return runH2load(load, folder)
  return pathOf('wrk') === undefined ? runClosedLoop(load, folder) : runWrk(load, folder)
}
