import assert from 'node:assert/strict'
import type { Dispatcher } from 'undici'
import type { RecyclingHandler } from '../../../src/connections/connection-facts.ts'

/** A request that holds whoever answers it to the order of calls, and counts how often it was told that it is over. */
export class TrackedExchange implements RecyclingHandler {
  hasStarted = false
  ends = 0
  isWithdrawn = false
  #controller: Dispatcher.DispatchController | undefined

  get isOver(): boolean {
    return this.ends > 0 || this.isWithdrawn
  }

  abort(): void {
    this.#controller?.abort(new Error('aborted'))
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    assert.ok(!this.isOver && !this.hasStarted)
    this.hasStarted = true
    this.#controller = controller
  }

  onResponseStart(): void {
    assert.ok(!this.isOver)
  }

  onResponseData(): void {
    assert.ok(!this.isOver)
  }

  onResponseEnd(): void {
    assert.ok(!this.isOver)
    this.ends++
  }

  onResponseError(): void {
    assert.ok(!this.isOver)
    this.ends++
  }
}
