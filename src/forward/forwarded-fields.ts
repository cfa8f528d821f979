import type { RequestFacts } from './headers.ts'
import type { FlatHeaders } from './sink.ts'

/** What a trusted proxy says of its client, and what the gateway makes of it. */
export class ForwardedFields {
  #chain = ''
  #proto: string | undefined
  #host: string | undefined
  #port: string | undefined
  #forwarded = ''

  /** True for a field that is written anew; any other goes on as it is. */
  take(name: string, value: string): boolean {
    switch (name) {
      case 'x-forwarded-for':
        this.#chain += `${value}, `
        return true
      case 'x-forwarded-proto':
        this.#proto = value
        return true
      case 'x-forwarded-host':
        this.#host = value
        return true
      case 'x-forwarded-port':
        this.#port = value
        return true
      case 'forwarded':
        this.#forwarded += `${value}, `
        return true
      default:
        return false
    }
  }

  push(headers: FlatHeaders, facts: RequestFacts): void {
    const { peer, scheme, port } = facts
    const host = this.#host ?? facts.host
    headers.push('X-Forwarded-For', this.#chain + peer, 'X-Forwarded-Proto', this.#proto ?? scheme)
    if (host !== '') headers.push('X-Forwarded-Host', host)
    if (this.#port !== undefined || port !== 0) headers.push('X-Forwarded-Port', this.#port ?? String(port))
    if (facts.forwarded) headers.push('Forwarded', this.#forwarded + element(facts))
    else if (this.#forwarded !== '') headers.push('Forwarded', this.#forwarded.slice(0, -2))
  }
}

/** One element of Forwarded (RFC 7239, section 4). */
function element({ peer, scheme, host }: RequestFacts): string {
  const node = peer.includes(':') ? `"[${peer}]"` : peer
  const pairs = `for=${node};proto=${scheme}`
  return host === '' ? pairs : `${pairs};host="${host}"`
}
