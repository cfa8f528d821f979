import type { FastifyReply } from 'fastify'
import type { CachedResponse } from '../plugins/cache.ts'
import { replySink } from '../plugins/reply-sink.ts'
import { writeStored } from '../plugins/reply-stored.ts'
import type { Hit, RequestChanges } from './cache/lookup.ts'
import { recordOf } from './edge/access-record.ts'
import { wantsExplanation } from './explanation.ts'
import type { ForwardTo } from './forward/forward-to.ts'
import type { ResponseSink } from './forward/sink.ts'
import type { Sweep } from './forward/sweep.ts'
import type { LiveSettings } from './settings.ts'

export interface CacheableOptions extends Pick<CachedResponse, 'mode' | 'partition'> {
  settings: LiveSettings
  sweep: Sweep
}

/** A request that the cache may answer. Where it would go is worked out when it has to go there. */
export class Cacheable implements CachedResponse {
  readonly mode: CachedResponse['mode']
  readonly partition: CachedResponse['partition']
  readonly headers: CachedResponse['headers']
  readonly #reply: FastifyReply
  readonly #destination: () => ForwardTo
  readonly #options: CacheableOptions
  #to: ForwardTo | undefined

  constructor(reply: FastifyReply, destination: () => ForwardTo, options: CacheableOptions) {
    this.#reply = reply
    this.#destination = destination
    this.#options = options
    this.mode = options.mode
    this.partition = options.partition
    this.headers = reply.request.upstreamHeaders ?? undefined
  }

  write(hit: Hit): boolean {
    const { settings, sweep } = this.#options
    if (wantsExplanation(this.#reply.request, settings.trust)) return false
    return writeStored(this.#reply, hit, { sweep, sendTimeout: settings.config.server.sendTimeout })
  }

  open(onGone: (error: Error) => void): ResponseSink {
    const { settings, sweep } = this.#options
    const { sendTimeout } = settings.config.server
    return replySink(this.#reply, { sweep, sendTimeout, onGone, onHead: this.#where().onHead })
  }

  fetch(sink: ResponseSink, changes: RequestChanges, method: string): (error: Error) => void {
    const to = this.#where()
    const exchange = this.#reply.forward({ ...to, headers: changed(to.headers, changes), sink, method })
    recordOf(this.#reply.request.raw).exchange = exchange
    return (error) => exchange.abort(error)
  }

  #where(): ForwardTo {
    this.#to ??= this.#destination()
    return this.#to
  }
}

/** The client's fields as the cache wants them to reach the server. */
function changed(headers: ForwardTo['headers'], { remove, add }: RequestChanges): ForwardTo['headers'] {
  if (remove.length === 0 && add.length === 0) return headers
  const fields: Record<string, string> = { ...headers }
  for (const name of remove) fields[name] = ''
  for (let index = 0; index < add.length; index += 2) {
    fields[(add[index] as string).toLowerCase()] = add[index + 1] as string
  }
  return fields
}
