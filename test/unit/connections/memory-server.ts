import type { Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import type { Clock } from '../../../src/clock.ts'
import type { DialCallback, DialFunction } from '../../../src/connections/dialer.ts'

/** The server's end of a connection in memory. It answers only when it is told to. */
export class MemoryConnection {
  readonly bornAt: number
  requests = 0
  /** Requests that have come and have no answer yet: more than one would be a fault of the pool. */
  unanswered = 0
  lastRequestAt = 0
  isOpen = true
  hasAnnouncedClose = false
  readonly #end: Duplex
  readonly #clock: Clock

  constructor(client: Duplex, end: Duplex, clock: Clock) {
    this.#end = end
    this.#clock = clock
    this.bornAt = clock.now()
    client.on('close', () => {
      this.isOpen = false
      end.destroy()
    })
    end.on('close', () => client.destroy())
    end.on('error', () => {})
    end.on('data', (chunk: Buffer) => this.#onData(chunk.toString('latin1')))
    end.on('end', () => end.destroy())
  }

  /** One write is one request here: none has a body. */
  #onData(text: string): void {
    this.requests += text.split('\r\n\r\n').length - 1
    this.unanswered += text.split('\r\n\r\n').length - 1
    this.lastRequestAt = this.#clock.now()
    if (this.hasAnnouncedClose) throw new Error('a request came after the last one')
    if (/connection: close/i.test(text)) this.hasAnnouncedClose = true
  }

  answer(fields = ''): void {
    if (this.unanswered === 0) return
    this.unanswered--
    this.#end.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields}\r\nok`)
  }

  end(): void {
    this.#end.end()
  }

  reset(): void {
    this.#end.destroy()
  }
}

/** A server in memory, whose connections come about only when the test lets them. */
export class MemoryServer {
  readonly connections: MemoryConnection[] = []
  readonly #dials: { callback: DialCallback }[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get open(): MemoryConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen)
  }

  get dialing(): number {
    return this.#dials.length
  }

  readonly dial: DialFunction = (callback) => {
    const dial = { callback }
    this.#dials.push(dial)
    return { cancel: () => void this.#dials.splice(this.#dials.indexOf(dial), 1) }
  }

  accept(nth: number): void {
    const [dial] = this.#dials.splice(nth % this.#dials.length, 1)
    if (dial === undefined) return
    const [client, end] = duplexPair()
    client.on('error', () => {})
    this.connections.push(new MemoryConnection(client, end, this.#clock))
    dial.callback(undefined, client as Socket)
  }

  refuse(nth: number): void {
    const [dial] = this.#dials.splice(nth % this.#dials.length, 1)
    dial?.callback(new Error('refused'), undefined)
  }
}
