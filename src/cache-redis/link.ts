import { createClient, RESP_TYPES } from '@redis/client'
import type { Clock, Timer } from '../clock.ts'

/** How often a connection is asked whether it is alive, and how many questions in a row may stay unanswered. */
const HEARTBEAT_MS = 5000
const MOST_UNANSWERED = 3

/** No connection is tried more often than this, and not for longer. Milliseconds. */
const FIRST_RETRY = 50
const LONGEST_RETRY = 2000
const CONNECT_TIMEOUT = 2000

/** Commands that may wait for their replies. */
const MOST_COMMANDS = 10_000

function newClient(url: string, name: string) {
  return createClient({
    url,
    name,
    // What cannot be sent now is not sent later by surprise.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_COMMANDS,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: CONNECT_TIMEOUT,
      reconnectStrategy: (retries) => Math.min(FIRST_RETRY * 2 ** Math.min(retries, 10), LONGEST_RETRY),
    },
    // Whoever asks bounds the time itself, with one timer in the place of a signal for each command.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

export type Client = ReturnType<typeof newClient>

export interface LinkOptions {
  url: string
  /** What the server's operator sees in CLIENT LIST. */
  name: string
  clock: Clock
  /** Connected, for the first time or again. */
  onReady: (client: Client) => void
  onLost: (error: Error) => void
}

/** One connection that is kept up: made anew when it breaks, and also when nothing comes over it any more. */
export class Link {
  readonly #options: LinkOptions
  #client: Client
  #timer: Timer | undefined
  #unanswered = 0
  #isClosed = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.#client = this.#open()
    this.#beat()
  }

  /** Undefined while there is no connection. */
  get client(): Client | undefined {
    return this.#client.isReady ? this.#client : undefined
  }

  close(): void {
    this.#isClosed = true
    this.#options.clock.clearTimeout(this.#timer)
    this.#destroy()
  }

  #open(): Client {
    const { url, name, onReady, onLost } = this.#options
    const client = newClient(url, name)
    client.on('ready', () => {
      this.#unanswered = 0
      if (client === this.#client) onReady(client)
    })
    client.on('error', (error: Error) => {
      if (client === this.#client && !this.#isClosed) onLost(error)
    })
    client.connect().catch(() => {})
    return client
  }

  #beat(): void {
    const { clock, onLost } = this.#options
    this.#timer = clock.setTimeout(() => {
      if (this.client !== undefined) {
        this.client.ping().then(
          () => {
            this.#unanswered = 0
          },
          () => {},
        )
        // A dead machine does not even refuse: the kernel would go on trying for a quarter of an hour.
        if (++this.#unanswered > MOST_UNANSWERED) {
          this.#destroy()
          this.#unanswered = 0
          this.#client = this.#open()
          onLost(new Error('The connection is silent'))
        }
      }
      this.#beat()
    }, HEARTBEAT_MS)
  }

  #destroy(): void {
    // It throws where the client has ended by itself.
    if (this.#client.isOpen) this.#client.destroy()
  }
}
