import { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'

/** The agent's end of a WebSocket that has no network: a test opens, feeds and ends it. */
export class FakeSocket extends EventEmitter {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSED = 3
  readyState = 0
  pings = 0
  isPaused = false

  get socket(): WebSocket {
    return this as unknown as WebSocket
  }

  /** The upgrade has been accepted. */
  accept(): void {
    this.readyState = this.OPEN
    this.emit('open')
  }

  receive(value: unknown): void {
    this.emit('message', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), false)
  }

  ping(): void {
    this.pings++
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.terminate()
  }

  terminate(): void {
    if (this.readyState === this.CLOSED) return
    this.readyState = this.CLOSED
    queueMicrotask(() => this.emit('close', 1006, Buffer.alloc(0)))
  }
}
