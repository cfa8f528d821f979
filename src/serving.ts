import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config/schema.ts'
import type { Cut } from './lifecycle.ts'

/** What serves: a gateway in this process, or workers. */
export interface Serving {
  readonly log: FastifyBaseLogger
  addresses(): readonly unknown[]
  /**
   * Reads another configuration and applies it; one after the other. Names what only a restart can change.
   *
   * @throws what is wrong with the configuration; then nothing has changed
   */
  reload(read: () => Promise<Config>): Promise<{ needsRestart: string[] }>
  /** Waits for what is in flight. Says how much was cut. */
  drain(): Promise<Cut>
  close(): Promise<unknown>
}
