import { connect, type Socket } from 'node:net'
import { ResponseReader } from './response-reader.ts'

/** How a request ended: a status, or 0 where the connection was lost or refused, or -1 where it took too long. */
export type OnAnswer = (status: number) => void

/** Connections to one port, each with at most one request at a time; new ones are made up to a bound, then requests wait. */
export class Client {
  readonly #port: number
  readonly #max: number
  readonly #idle: ClientConnection[] = []
  readonly #all = new Set<ClientConnection>()
  readonly #waiting: { bytes: string; onAnswer: OnAnswer }[] = []

  constructor(port: number, max: number) {
    this.#port = port
    this.#max = max
  }

  send(bytes: string, onAnswer: OnAnswer): void {
    const connection = this.#idle.shift() ?? this.#open()
    if (connection === undefined) this.#waiting.push({ bytes, onAnswer })
    else connection.send(bytes, onAnswer)
  }

  /** Gives up what has been under way since before this time. */
  expire(before: number): void {
    for (const connection of this.#all) connection.expire(before)
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  #open(): ClientConnection | undefined {
    if (this.#all.size >= this.#max) return undefined
    const connection = new ClientConnection(this.#port, {
      onFree: () => {
        const next = this.#waiting.shift()
        if (next === undefined) this.#idle.push(connection)
        else connection.send(next.bytes, next.onAnswer)
      },
      onGone: () => {
        this.#all.delete(connection)
        const index = this.#idle.indexOf(connection)
        if (index !== -1) this.#idle.splice(index, 1)
        const next = this.#waiting.shift()
        if (next !== undefined) this.send(next.bytes, next.onAnswer)
      },
    })
    this.#all.add(connection)
    return connection
  }
}

class ClientConnection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  #onAnswer: OnAnswer | undefined
  #sentAt = 0

  constructor(port: number, { onFree, onGone }: { onFree: () => void; onGone: () => void }) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (bytes: Buffer) => {
      const response = this.#reader.push(bytes)
      if (response === undefined) return
      this.#answer(response.statusCode)
      if (response.isReusable) onFree()
      else this.#socket.destroy()
    })
    this.#socket.on('error', () => {})
    this.#socket.once('end', () => this.#answer(this.#reader.end()?.statusCode ?? 0))
    this.#socket.once('close', () => {
      this.#answer(0)
      onGone()
    })
  }

  send(bytes: string, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer
    this.#sentAt = performance.now()
    this.#socket.write(bytes, 'latin1')
  }

  expire(before: number): void {
    if (this.#onAnswer === undefined || this.#sentAt > before) return
    this.#answer(-1)
    this.#socket.destroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  #answer(status: number): void {
    const onAnswer = this.#onAnswer
    this.#onAnswer = undefined
    onAnswer?.(status)
  }
}
