import type { FillClient } from './fill-client.ts'

/** The clients of a fill. */
export class ClientGroup {
  readonly #clients = new Set<FillClient>()

  get size(): number {
    return this.#clients.size
  }

  add(client: FillClient): void {
    this.#clients.add(client)
  }

  delete(client: FillClient): void {
    this.#clients.delete(client)
  }

  /** Those who are there now; the group may change meanwhile. */
  all(): FillClient[] {
    return [...this.#clients]
  }

  /** Those who have no head yet. */
  waiting(): FillClient[] {
    return this.all().filter((client) => client.isWaiting)
  }

  pump(): void {
    for (const client of this.#clients) client.pump()
  }

  interim(statusCode: number, headers: string[]): void {
    for (const client of this.#clients) client.interim(statusCode, headers)
  }

  /** Somebody has no room. */
  isHeldUp(): boolean {
    for (const client of this.#clients) if (client.isPaused) return true
    return false
  }

  /** The first piece that somebody still needs; Infinity when there is nobody. */
  nextPiece(): number {
    let next = Number.POSITIVE_INFINITY
    for (const client of this.#clients) next = Math.min(next, client.nextPiece)
    return next
  }

  /** When the next one stops waiting; Infinity when nobody does. */
  nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    for (const client of this.#clients) if (client.isWaiting) next = Math.min(next, client.deadline)
    return next
  }
}
