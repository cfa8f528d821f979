import { randomUUID } from 'node:crypto'
import type { Purge } from '../cache/second-tier.ts'
import type { Client } from './link.ts'

/** Purges that are kept for gateways that were not there, and how many are read at once. */
const MOST_KEPT = 20_000
const BATCH = 1000

/** Purges that wait for a connection. When there are more, everything is purged in their place. */
const MOST_UNSENT = 1000

/** One step for the server: what is deleted, what is kept for latecomers, and what is told, is never but one of them. */
const PURGE = `
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'p', ARGV[3])
for at = 2, #KEYS do redis.call('UNLINK', KEYS[at]) end
redis.call('PUBLISH', ARGV[1], id .. ' ' .. ARGV[3])
`

/**
 * Purges from gateway to gateway: told by publish/subscribe, and kept in a stream for whoever was not connected then.
 * None is lost: what cannot be sent waits, and what was missed is read when the connection is back.
 */
export class PurgeChannel {
  readonly #stream: string
  readonly #channel: string
  readonly #onPurge: (purge: Purge) => void
  /** Its own purges come back too, and are told by this. */
  readonly #sender = randomUUID()
  #unsent: { purge: Purge; keys: readonly string[] }[] = []
  /** Of the last purge in the stream that was seen. */
  #lastId = '0-0'
  #isReading = false

  constructor(prefix: string, onPurge: (purge: Purge) => void) {
    this.#stream = `${prefix}purges`
    this.#channel = `${prefix}purged`
    this.#onPurge = onPurge
  }

  /** Tells everybody, and deletes the keys; at once where there is a client, else as soon as there is one. */
  send(client: Client | undefined, purge: Purge, keys: readonly string[]): void {
    if (client === undefined) return this.#postpone(purge, keys)
    const message = JSON.stringify([this.#sender, purge.kind, purge.value, purge.at])
    const script = { keys: [this.#stream, ...keys], arguments: [this.#channel, String(MOST_KEPT), message] }
    client.eval(PURGE, script).catch(() => this.#postpone(purge, keys))
  }

  /** Sends what has been waiting. */
  flush(client: Client): void {
    const unsent = this.#unsent
    this.#unsent = []
    for (const { purge, keys } of unsent) this.send(client, purge, keys)
  }

  /** Listens on a connection of its own. Resolves once it does. */
  async listen(subscriber: Client): Promise<void> {
    await subscriber.subscribe(this.#channel, (text) => {
      const space = text.indexOf(' ')
      this.#lastId = laterOf(this.#lastId, text.slice(0, space))
      this.#take(text.slice(space + 1))
    })
  }

  /** Reads what was told while nobody listened here. */
  async catchUp(client: Client): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      await this.#noticeGap(client)
      for (let count = BATCH; count === BATCH; ) {
        const entries = (await client.xRange(this.#stream, `(${this.#lastId}`, '+', { COUNT: BATCH })) ?? []
        count = entries.length
        for (const { id, message } of entries) {
          this.#lastId = laterOf(this.#lastId, id.toString())
          this.#take(String(message.p))
        }
      }
    } finally {
      this.#isReading = false
    }
  }

  /** Where purges were missed that are not kept any more, anything may have been purged. */
  async #noticeGap(client: Client): Promise<void> {
    const [first] = (await client.xRange(this.#stream, '-', '+', { COUNT: 1 })) ?? []
    if (first === undefined || (await client.xLen(this.#stream)) < MOST_KEPT) return
    const id = first.id.toString()
    if (laterOf(this.#lastId, id) === this.#lastId) return
    this.#onPurge({ kind: 'prefix', value: '', at: Number.parseInt(id, 10) })
  }

  #postpone(purge: Purge, keys: readonly string[]): void {
    if (this.#unsent.length < MOST_UNSENT) this.#unsent.push({ purge, keys })
    else this.#unsent = [{ purge: { kind: 'prefix', value: '', at: purge.at }, keys: [] }]
  }

  #take(text: string): void {
    const purge = parsePurge(text, this.#sender)
    if (purge !== undefined) this.#onPurge(purge)
  }
}

/** Undefined where it is no purge, or one of the sender's own. */
function parsePurge(text: string, own: string): Purge | undefined {
  try {
    const [sender, kind, value, at] = JSON.parse(text) as unknown[]
    if (sender === own || typeof value !== 'string' || typeof at !== 'number') return undefined
    return kind === 'url' || kind === 'prefix' || kind === 'tag' ? { kind, value, at } : undefined
  } catch {
    return undefined
  }
}

/** Ids of a stream: milliseconds, and a number among those of one millisecond. */
function laterOf(one: string, other: string): string {
  const [ms = 0, number = 0] = one.split('-').map(Number)
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number)
  return ms > otherMs || (ms === otherMs && number >= otherNumber) ? one : other
}
