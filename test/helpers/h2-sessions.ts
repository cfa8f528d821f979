import http2, { type ClientHttp2Session } from 'node:http2'

const refused = http2.constants.NGHTTP2_REFUSED_STREAM
/** A client gives up on one request after so many refusals. */
const mostTries = 20

interface Known {
  origin: string
  session: ClientHttp2Session
}

/**
 * A client with a few sessions of HTTP/2, each for many requests at one time. It does what RFC 9113 has clients do: where
 * a session ends it opens another one, and it sends again what was refused unprocessed (section 8.7), and nothing else.
 */
export class H2Sessions {
  readonly #known: (Known | undefined)[]
  #next = 0

  constructor(count: number) {
    this.#known = Array.from({ length: count }, () => undefined)
  }

  /**
   * @param url asked for before each try
   * @returns the status, or in words what went wrong
   */
  async ask(url: () => string): Promise<string> {
    let tries = 0
    let result: string | undefined
    while (result === undefined && ++tries <= mostTries) result = await this.#ask(new URL(url()))
    return result ?? `refused ${mostTries} times`
  }

  close(): void {
    for (const known of this.#known) known?.session.destroy()
  }

  /** Undefined where the request was refused unprocessed. */
  #ask({ origin, pathname }: URL): Promise<string | undefined> {
    return new Promise((resolve) => {
      const stream = this.#session(origin).request({ ':path': pathname })
      let status = ''
      let isWhole = false
      stream.on('response', (head) => {
        status = String(head[':status'])
      })
      stream.on('end', () => {
        isWhole = status !== '' && !stream.aborted
      })
      stream.on('error', () => {})
      stream.on('close', () => {
        if (stream.rstCode === refused) resolve(undefined)
        else resolve(isWhole && stream.rstCode === 0 ? status : `broken off with code ${stream.rstCode}`)
      })
      stream.resume()
    })
  }

  #session(origin: string): ClientHttp2Session {
    const index = this.#next++ % this.#known.length
    const known = this.#known[index]
    const isUsable = known?.origin === origin && !known.session.closed && !known.session.destroyed
    if (known !== undefined && isUsable) return known.session
    known?.session.close()
    const session = http2.connect(origin, { rejectUnauthorized: false })
    session.on('error', () => {})
    this.#known[index] = { origin, session }
    return session
  }
}
