import type { ServerSpec } from '../../src/balance/server.ts'
import type { DiscoveryEvent } from '../../src/discovery/events.ts'
import type { SourceListener } from '../../src/discovery/source.ts'

/** A server as discovery names it: `spec('a')`, `spec('a', { weight: 3 })`. */
export function spec(host: string, changes: Partial<ServerSpec> = {}): ServerSpec {
  const port = changes.port ?? 80
  return { name: `${host}:${port}`, protocol: 'http:', host, port, weight: 1, draining: false, ...changes }
}

/** An item of the agent's list. */
export function item(dnsName: string, score = 50, category = 'LU'): Record<string, unknown> {
  return { dns_name: dnsName, score, utilization_category: category }
}

/** Keeps all that a source tells. */
export class Witness implements SourceListener {
  readonly lists: (readonly ServerSpec[])[] = []
  readonly events: DiscoveryEvent[] = []
  #waiting: { isMet: () => boolean; resolve: () => void }[] = []

  readonly onServers = (servers: readonly ServerSpec[]): void => {
    this.lists.push(servers)
    this.#check()
  }

  readonly onEvent = (event: DiscoveryEvent): void => {
    this.events.push(event)
    this.#check()
  }

  /** The names of the last list, sorted. */
  get names(): string[] {
    return (this.lists.at(-1) ?? []).map(({ name }) => name).sort()
  }

  count(kind: DiscoveryEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length
  }

  /** Resolves as soon as what was told meets a condition. */
  until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isMet, resolve })
      this.#check()
    })
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      if (!isMet()) return true
      resolve()
      return false
    })
  }
}
