import { RememberedKeys } from './remembered-keys.ts'

/** What stands in an {@link EvictionQueue}. The fields belong to the queue. */
export interface Evictable<Node> {
  readonly key: string
  readonly bytes: number
  /** Uses since it was last looked at, at most 3. */
  uses: number
  /** 0: in no queue. 1: on probation. 2: in the main queue. */
  queue: number
  older: Node | undefined
  newer: Node | undefined
}

/** The share of the bytes that newcomers may hold before they are looked at. */
const PROBATION_SHARE = 0.1
const MOST_USES = 3

/** An eviction spares so many nodes that were used, and then takes the next: it never walks through a whole cache. */
const MOST_SPARED = 128

/**
 * The order of eviction: S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson: FIFO queues are all you need for cache
 * eviction, SOSP 2023).
 *
 *     new -> probation --used again--> main --used--> main again
 *               |                        |
 *            evicted, its key is         evicted
 *            remembered; when it comes
 *            back it goes to main
 *
 * A scan and one-hit wonders pass through the small queue and leave the main one alone. A hit costs one
 * increment: nothing moves.
 */
export class EvictionQueue<Node extends Evictable<Node>> {
  readonly #probation = new Fifo<Node>()
  readonly #main = new Fifo<Node>()
  /** What left probation unused. */
  readonly #left = new RememberedKeys()

  add(node: Node): void {
    node.uses = 0
    const isReturning = this.#left.take(node.key)
    this.#enter(node, isReturning ? 2 : 1)
  }

  touch(node: Node): void {
    if (node.uses < MOST_USES) node.uses++
  }

  remove(node: Node): void {
    if (node.queue === 0) return
    this.#fifo(node.queue).remove(node)
    node.queue = 0
  }

  /** Takes out the node that has to go; undefined when there is none. */
  evict(): Node | undefined {
    for (let spared = 0; ; spared++) {
      const isPatient = spared < MOST_SPARED
      const share = (this.#probation.bytes + this.#main.bytes) * PROBATION_SHARE
      const fromProbation = this.#probation.bytes > share || this.#main.oldest === undefined
      const node = fromProbation ? this.#probation.oldest : this.#main.oldest
      if (node === undefined) return undefined
      const { queue } = node
      this.remove(node)
      if (isPatient && queue === 1 && node.uses > 1) {
        node.uses = 0
        this.#enter(node, 2)
      } else if (isPatient && queue === 2 && node.uses > 0) {
        node.uses--
        this.#enter(node, 2)
      } else {
        if (queue === 1) this.#left.add(node.key, this.#probation.length + this.#main.length)
        return node
      }
    }
  }

  #enter(node: Node, queue: 1 | 2): void {
    node.queue = queue
    this.#fifo(queue).add(node)
  }

  #fifo(queue: number): Fifo<Node> {
    return queue === 1 ? this.#probation : this.#main
  }
}

/** A doubly linked list, so that a node can leave from the middle. */
class Fifo<Node extends Evictable<Node>> {
  oldest: Node | undefined
  #newest: Node | undefined
  bytes = 0
  length = 0

  add(node: Node): void {
    node.older = this.#newest
    node.newer = undefined
    if (this.#newest === undefined) this.oldest = node
    else this.#newest.newer = node
    this.#newest = node
    this.bytes += node.bytes
    this.length++
  }

  remove(node: Node): void {
    if (node.older === undefined) this.oldest = node.newer
    else node.older.newer = node.newer
    if (node.newer === undefined) this.#newest = node.older
    else node.newer.older = node.older
    node.older = node.newer = undefined
    this.bytes -= node.bytes
    this.length--
  }
}
