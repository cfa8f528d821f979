import v8 from 'node:v8'

/** The first version of V8 on which this was tried. */
const triedVersion = 14

/**
 * What is read from sockets lies outside V8's heap. As it comes, V8 collects its whole heap whenever so many bytes of
 * that were taken, however few of them are still in use: in large downloads, ten times as often as this way, by which
 * they count within the limit of the heap, which grows with what is alive.
 *
 * @param version of V8
 */
export function countBuffersAsHeap(version: string): void {
  if (Number.parseInt(version, 10) >= triedVersion) {
    v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
  }
}
