import type { Purge, SecondTier } from '../cache/second-tier.ts'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { Breaker } from './breaker.ts'
import { type Client, Link } from './link.ts'
import { PurgeChannel } from './purge-channel.ts'

export interface RedisTierOptions {
  /** `redis://` or `rediss://`, with user, password and number of the database where they are needed. */
  url: string
  /** Begins every key and the channel, so that fleets can share a server. Default `headgate:`. */
  prefix?: string
  /** A look-up that takes longer is given up, ms. Default 50. */
  timeout?: number
  /** Told when the server is lost, and when it is back. */
  onState?: (state: 'ready' | 'lost', error?: Error) => void
  clock?: Clock
}

/** Bytes that may be on their way to the server; what comes on top is not kept there. */
const MOST_BYTES_UNDERWAY = 64 * 1024 * 1024

/** A second tier in Redis or Valkey: one connection for records, one for what others purge. */
export class RedisTier implements SecondTier {
  readonly stats = { found: 0, absent: 0, failed: 0, skipped: 0 }
  onPurge: (purge: Purge) => void = () => {}

  readonly #prefix: string
  readonly #timeout: number
  readonly #clock: Clock
  readonly #breaker: Breaker
  readonly #purges: PurgeChannel
  readonly #records: Link
  readonly #subscription: Link
  readonly #onState: NonNullable<RedisTierOptions['onState']>
  #state: 'ready' | 'lost' | undefined
  #bytesUnderway = 0

  constructor({
    url,
    prefix = 'headgate:',
    timeout = 50,
    onState = () => {},
    clock = systemClock,
  }: RedisTierOptions) {
    this.#prefix = prefix
    this.#timeout = timeout
    this.#clock = clock
    this.#onState = onState
    this.#breaker = new Breaker(clock)
    this.#purges = new PurgeChannel(prefix, (purge) => this.onPurge(purge))
    const onLost = (error: Error) => this.#become('lost', error)
    this.#records = new Link({
      url,
      name: 'headgate',
      clock,
      onLost,
      onReady: (client) => {
        this.#purges.flush(client)
        this.#catchUp()
      },
    })
    this.#subscription = new Link({
      url,
      name: 'headgate-purges',
      clock,
      onLost,
      onReady: (client) => {
        this.#purges.listen(client).then(() => this.#catchUp(), onLost)
      },
    })
  }

  get(name: string): Promise<Buffer | undefined> | undefined {
    const { client } = this.#records
    if (client === undefined || !this.#breaker.admits()) {
      this.stats.skipped++
      return undefined
    }
    return this.#ask(client, this.#prefix + name)
  }

  set(name: string, record: Buffer, ttl: number): void {
    const { client } = this.#records
    if (client === undefined || !this.#breaker.isClosed) return
    if (this.#bytesUnderway + record.length > MOST_BYTES_UNDERWAY) return
    this.#bytesUnderway += record.length
    const done = () => {
      this.#bytesUnderway -= record.length
    }
    client.set(this.#prefix + name, record, { PX: Math.max(1, Math.floor(ttl)) }).then(done, done)
  }

  purge(purge: Purge, names: readonly string[]): void {
    this.#purges.send(
      this.#records.client,
      purge,
      names.map((name) => this.#prefix + name),
    )
  }

  async close(): Promise<void> {
    this.#records.close()
    this.#subscription.close()
  }

  #ask(client: Client, key: string): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      let timer: Timer | undefined
      const settle = (outcome: 'found' | 'absent' | 'failed', record?: Buffer) => {
        if (timer === undefined) return
        this.#clock.clearTimeout(timer)
        timer = undefined
        this.stats[outcome]++
        if (outcome === 'failed') this.#breaker.failed()
        else this.#breaker.succeeded()
        resolve(record)
      }
      timer = this.#clock.setTimeout(() => settle('failed'), this.#timeout)
      client.get(key).then(
        (reply) => (reply === null ? settle('absent') : settle('found', reply as unknown as Buffer)),
        () => settle('failed'),
      )
    })
  }

  /** Once both connections are up: what was purged before the subscription is read, what comes after it is heard. */
  #catchUp(): void {
    const { client } = this.#records
    if (client === undefined || this.#subscription.client === undefined) return
    this.#purges.catchUp(client).then(
      () => this.#become('ready'),
      (error: Error) => this.#become('lost', error),
    )
  }

  #become(state: 'ready' | 'lost', error?: Error): void {
    if (this.#state === state) return
    this.#state = state
    this.#onState(state, error)
  }
}
