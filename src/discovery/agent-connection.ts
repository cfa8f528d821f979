import { WebSocket } from 'ws'
import type { Clock, Timer } from '../clock.ts'
import { reasonOf } from './events.ts'

export interface AgentConnectionOptions {
  /** `ws:` or `wss:`. */
  url: string
  /** Milliseconds for the whole upgrade, the name's look-up included. @default 5000 */
  handshakeTimeout?: number
  /** Milliseconds without a frame or a pong after which the agent is dead. @default 10000 */
  silence?: number
  /** A frame of more bytes ends the connection. @default 16777216 */
  maxFrameBytes?: number
}

export interface AgentConnectionListener {
  onOpen(): void
  /** Reads a frame; each step of it is work for one turn of the event loop. */
  onFrame(frame: Buffer, isBinary: boolean): Generator<undefined>
  /** The connection is over: comes exactly once, when all frames have been read, and not after `close`. */
  onEnd(reason: string): void
}

/** What a connection needs of a WebSocket; a test hands in its own. */
export type OpenSocket = (url: string, maxFrameBytes: number) => WebSocket

/** Reading frames takes at most one part in this many of the time. */
const restFactor = 4
/** A debt of rest below this is not worth a pause. */
const minPauseMs = 10

/** One WebSocket to the agent, from the dial to its end. Whatever the other side does ends in `onEnd` and never throws. */
export class AgentConnection {
  readonly #socket: WebSocket
  readonly #listener: AgentConnectionListener
  readonly #clock: Clock
  readonly #silence: number
  #timer: Timer | undefined
  /** The next step of a frame that is being read, or the end of a rest. */
  #turn: Timer | undefined
  /** Frames that have come, the first of them being read. */
  readonly #frames: Generator<undefined>[] = []
  #heardAt: number
  /** Milliseconds of rest that the frames read so far have cost, as of `#heardAt`. */
  #restMs = 0
  #ended = false
  /** Why it has ended, where that was not by `close`. */
  #endReason: string | undefined

  constructor(
    options: AgentConnectionOptions,
    listener: AgentConnectionListener,
    clock: Clock,
    openSocket: OpenSocket = dial,
  ) {
    const { url, handshakeTimeout = 5_000, silence = 10_000, maxFrameBytes = 16 * 1024 * 1024 } = options
    this.#listener = listener
    this.#clock = clock
    this.#silence = silence
    this.#heardAt = clock.now()
    const socket = openSocket(url, maxFrameBytes)
    this.#socket = socket
    this.#timer = clock.setTimeout(() => this.#end('the upgrade took too long'), handshakeTimeout)
    socket.on('error', (error) => this.#end(reasonOf(error)))
    socket.on('close', (code, reason) => this.#end(`closed with ${code} ${reason.toString()}`.trim()))
    socket.on('open', () => this.#opened())
    socket.on('message', (frame, isBinary) => this.#read(frame as Buffer, isBinary))
    socket.on('ping', () => this.#heard())
    socket.on('pong', () => this.#heard())
  }

  /** Leaves, and says so to the agent; resolves once the socket is gone. */
  async close(): Promise<void> {
    this.#ended = true
    this.#frames.length = 0
    this.#clock.clearTimeout(this.#timer)
    this.#clock.clearTimeout(this.#turn)
    const socket = this.#socket
    if (socket.readyState === socket.CLOSED) return
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    if (socket.readyState === socket.OPEN) socket.close(1000)
    const last = this.#clock.setTimeout(() => socket.terminate(), 500)
    if (socket.readyState === socket.CONNECTING) socket.terminate()
    await closed
    this.#clock.clearTimeout(last)
  }

  #opened(): void {
    if (this.#ended) return
    this.#clock.clearTimeout(this.#timer)
    this.#heard()
    this.#listener.onOpen()
    if (!this.#ended) this.#beat()
  }

  #heard(): void {
    const now = this.#clock.now()
    this.#restMs = Math.max(0, this.#restMs - (now - this.#heardAt))
    this.#heardAt = now
  }

  /** Pings, and gives the agent up once it has been silent for too long. */
  #beat(): void {
    const silentFor = this.#clock.now() - this.#heardAt
    if (silentFor >= this.#silence) {
      this.#end('the agent has fallen silent')
      return
    }
    this.#socket.ping()
    const delay = Math.min(this.#silence / 3, this.#silence - silentFor)
    const due = this.#clock.now() + delay
    this.#timer = this.#clock.setTimeout(() => {
      // A process that stood still has not listened: the agent gets its time again.
      if (this.#clock.now() - due > this.#silence / 3) this.#heard()
      this.#beat()
    }, delay)
  }

  #read(frame: Buffer, isBinary: boolean): void {
    if (this.#ended) return
    this.#heard()
    this.#frames.push(this.#listener.onFrame(frame, isBinary))
    if (this.#frames.length === 1) this.#goOn()
  }

  /**
   * An agent that floods is not read as fast as it sends, or else its frames would take the time that requests need:
   * each frame costs a rest of four times what it took, and TCP holds the agent back meanwhile.
   */
  readonly #goOn = (): void => {
    const begunAt = this.#clock.now()
    if (this.#frames[0]!.next().done === true) this.#frames.shift()
    const spentMs = this.#clock.now() - begunAt
    // Bounded, or else a rest could be taken for the agent's silence.
    this.#restMs = Math.min(this.#restMs + restFactor * spentMs, this.#silence / 4)
    if (this.#frames.length > 0) this.#wait(0, this.#goOn)
    else if (this.#ended) this.#finish()
    else if (this.#restMs >= minPauseMs) this.#wait(this.#restMs, this.#resume)
    else this.#resume()
  }

  /** Does something later, and hears nothing until then. */
  #wait(ms: number, then: () => void): void {
    if (!this.#ended) this.#socket.pause()
    this.#clock.clearTimeout(this.#turn)
    this.#turn = this.#clock.setTimeout(then, ms)
  }

  readonly #resume = (): void => this.#socket.resume()

  #end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#clock.clearTimeout(this.#timer)
    this.#endReason = reason
    this.#socket.terminate()
    if (this.#frames.length === 0) this.#finish()
  }

  #finish(): void {
    this.#clock.clearTimeout(this.#turn)
    if (this.#endReason !== undefined) this.#listener.onEnd(this.#endReason)
  }
}

function dial(url: string, maxFrameBytes: number): WebSocket {
  return new WebSocket(url, { perMessageDeflate: false, followRedirects: false, maxPayload: maxFrameBytes })
}
