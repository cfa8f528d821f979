import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import v8 from 'node:v8'

/** The first version of V8 on which this was tried. */
const triedVersion = 14

/** Steps of niceness: at 10, a thread that competes with one at 0 gets a tenth of what that gets. */
const standBack = 10

/**
 * What suits a process that serves. What is read from sockets lies outside V8's heap. As it comes, V8 collects its whole
 * heap whenever so many bytes of that were taken, however few of them are still in use: in large downloads, ten times as
 * often as this way, by which they count within the limit of the heap, which grows with what is alive
 * (docs/decisions/0012-buffers-within-the-heap.md).
 */
const flag = '--external-memory-accounted-in-global-limit'

/** Tunes the engine of a process that serves. */
export function tuneEngine({ platform, versions }: Pick<NodeJS.Process, 'platform' | 'versions'>): void {
  setFlag(versions.v8)
  if (platform === 'linux') favorMainThread('/proc/self/task')
}

/** @param version of V8 */
export function setFlag(version: string): void {
  if (Number.parseInt(version, 10) >= triedVersion) v8.setFlagsFromString(flag)
}

/**
 * Lets V8's helpers stand back behind the thread that serves. All that a request passes through gets hot at the same
 * request, some thousands after the start, and V8 then compiles it on four threads. Where the gateway has one core, these
 * leave it a fifth of that for a second, and requests wait longer than they may.
 *
 * Why so: docs/decisions/0017-engine-stands-back.md.
 *
 * @param folder where the system shows the threads of this process
 */
function favorMainThread(folder: string): void {
  const niceness = Math.min(getPriority() + standBack, 19)
  for (const id of readdirSync(folder)) {
    try {
      if (readFileSync(`${folder}/${id}/comm`, 'latin1').includes('V8Worker'))
        setPriority(Number(id), niceness)
    } catch {
      // The thread has ended, or may not be touched: it stays as it is.
    }
  }
}
