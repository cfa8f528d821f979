import { hash } from 'node:crypto'
import type { Server } from './server.ts'

/**
 * What stands for a server in a client's cookie: a hash of the upstream and of the server's name, which shows no
 * address. Every gateway gives a server the same one.
 */
export class StickyNames<Pool> {
  readonly #scope: string
  readonly #byName = new Map<string, Server<Pool>>()
  #named: readonly Server<Pool>[] = []

  constructor(scope: string) {
    this.#scope = scope
  }

  nameOf(server: Server<Pool>): string {
    server.stickyName ||= hash('sha256', `${this.#scope}\n${server.name}`, 'base64url').slice(0, 16)
    return server.stickyName
  }

  /** The server of a name among the active ones, if it is one of theirs. All are named once for each list. */
  find(name: string, active: readonly Server<Pool>[]): Server<Pool> | undefined {
    if (this.#named !== active) {
      this.#named = active
      this.#byName.clear()
      for (const server of active) this.#byName.set(this.nameOf(server), server)
    }
    return this.#byName.get(name)
  }
}
