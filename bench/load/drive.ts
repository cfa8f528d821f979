import { pathOf } from '../machine/installed.ts'
import { runClosedLoop } from './closed-loop.ts'
import type { Load, LoadResult } from './load.ts'
import { runWrk } from './wrk.ts'

/** Drives a port with wrk, or with a generator of the bench's own where wrk is not installed. */
export function drive(load: Load, folder: string): Promise<LoadResult> {
  return pathOf('wrk') === undefined ? runClosedLoop(load, folder) : runWrk(load, folder)
}
