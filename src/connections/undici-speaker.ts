import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import { type CarriedOptions, carriedBy, fill } from './carried-options.ts'
import { HeadGuard } from './head-guard.ts'
import type { CloseReason } from './lifespan.ts'
import type { Speaker } from './speaker.ts'

const connectionGone = Object.assign(new Error('The connection is gone'), {
  code: 'HEADGATE_CONNECTION_GONE',
})
const ignore = () => {}

/** An undici client that gets one socket and never a second one. */
export class UndiciSpeaker implements Speaker {
  readonly #socket: Socket
  readonly #handler: Dispatcher.DispatchHandler
  readonly #origin: URL
  readonly #clientOptions: Client.Options
  readonly #carried: CarriedOptions
  #client: Client | undefined
  #guard: HeadGuard | undefined
  #isHandedOver = false

  constructor(socket: Socket, handler: Dispatcher.DispatchHandler, origin: URL, options: Client.Options) {
    this.#socket = socket
    this.#handler = handler
    this.#origin = origin
    this.#clientOptions = options
    this.#carried = carriedBy(origin)
  }

  watch(): void {
    this.#socket.unref?.()
    this.#socket.on('readable', this.#onUnasked).once('end', this.#onUnasked)
  }

  start(options: Dispatcher.DispatchOptions, isLast: boolean): void {
    const carried = this.#carried
    fill(carried, options)
    // Without a false here, undici gives the socket up after each HEAD, and after a GET with a body.
    carried.reset = isLast || (options.upgrade ? undefined : (options.reset ?? false))
    this.#client ??= this.#attach()
    this.#guard?.expect()
    this.#client.dispatch(carried as Dispatcher.DispatchOptions, this.#handler)
    carried.headers = undefined
    carried.body = undefined
  }

  release(): void {
    this.#socket.ref?.()
    this.#socket.off('readable', this.#onUnasked).off('end', this.#onUnasked)
  }

  close(): void {
    if (this.#client === undefined) this.#socket.destroy()
    else this.#client.close(ignore)
  }

  destroy(error: Error): void {
    if (this.#client === undefined) this.#socket.destroy()
    else this.#client.destroy(error, ignore)
  }

  whyClosed(): CloseReason {
    const error = this.#socket.errored as (Error & { code?: string }) | null
    if (error === null) return 'remote'
    // undici keeps to what the server's Keep-Alive field allows, and closes a little earlier.
    if (error.message === 'socket idle timeout') return 'idle'
    return error.message === 'bad response' || error.code?.startsWith('HPE_') ? 'error' : 'remote'
  }

  #attach(): Client {
    this.release()
    this.#guard = new HeadGuard(this.#socket)
    return new Client(this.#origin, {
      ...this.#clientOptions,
      connect: (_options, callback) => {
        if (this.#isHandedOver) return callback(connectionGone, null)
        this.#isHandedOver = true
        // undici forgets the waiting request when it is given the socket at once.
        queueMicrotask(() => callback(null, this.#socket))
      },
    })
  }

  readonly #onUnasked = (): void => {
    if (this.#socket.read() !== null || this.#socket.readableEnded) this.#socket.destroy()
  }
}
