import type { ResponseHead } from '../forward/sink.ts'
import { fieldLines } from './fields.ts'
import { type CacheRequest, keyOf, sameOriginUrl } from './key.ts'
import type { Recorder } from './passage.ts'
import type { Purger } from './purger.ts'
import type { Responses } from './responses.ts'

/** What answers to unsafe methods do to what is stored. */
export class Invalidation {
  readonly #purger: Purger
  readonly #responses: Responses

  constructor(purger: Purger, responses: Responses) {
    this.#purger = purger
    this.#responses = responses
  }

  /**
   * An unsafe request has an answer: where it succeeded, its URL and those of Location and Content-Location of
   * the same origin are invalid (RFC 9111, section 4.4).
   * @returns what takes the body of an answer to POST that may be stored
   */
  changed(request: CacheRequest, head: ResponseHead, requestedAt: number): Recorder | undefined {
    if (head.statusCode < 200 || head.statusCode >= 400) return undefined
    const url = keyOf({ ...request, partition: '' })
    this.#purger.purge(url)
    const named = [...fieldLines(head.headers, 'location'), ...fieldLines(head.headers, 'content-location')]
    for (const reference of named) {
      const target = sameOriginUrl(reference, url)
      if (target !== undefined && target !== url) this.#purger.purge(target)
    }
    return request.method === 'POST' && request.mode === 'all'
      ? this.#record(request, url, head, requestedAt)
      : undefined
  }

  /** An answer to POST that says it is what GET would get, and for how long (RFC 9110, section 9.3.3). */
  #record(request: CacheRequest, url: string, head: ResponseHead, requestedAt: number): Recorder | undefined {
    const [location, more] = fieldLines(head.headers, 'content-location')
    if (location === undefined || more !== undefined) return undefined
    const target = sameOriginUrl(location, url)
    if (target === undefined || target !== sameOriginUrl('', url)) return undefined
    const policy = this.#responses.judgePost(request, head, requestedAt)
    if (policy === undefined) return undefined
    return (body) => this.#responses.store(request, keyOf(request), policy, head, body)
  }
}
