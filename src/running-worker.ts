import { systemClock } from './clock.ts'
import type { WorkerProcess } from './cluster.ts'
import type { Cut } from './lifecycle.ts'
import type { MetricSamples } from './metrics/merge.ts'
import type { Address, PrimaryHandlers, StartOrder, WorkerNotes, WorkerQuestions } from './worker-messages.ts'
import { Channel } from './workers/channel.ts'

/** A worker that has not begun to serve after this long never will, ms. */
const startMs = 60_000
/** Longer than what a worker allows itself, ms: it hangs. */
const beyondGraceMs = 8_000
/** How long a worker may take to end once it was told to, ms. */
const leaveMs = 1_000
/** What all are asked is answered without those who take longer, ms. */
const askMs = 1_000
/** An answer to a beat counts however late it comes, ms. */
const beatMs = 60_000

/** Why a worker is over. */
export interface WorkerEnd {
  code: number | null
  signal: string | null
}

/** One worker, from its start to its end. */
export class RunningWorker {
  /** Counts all workers that this process has started; in the log it tells them apart. */
  readonly number: number
  readonly channel: Channel<WorkerQuestions, WorkerNotes>
  readonly ended: Promise<WorkerEnd>
  /** What it had counted when it was asked last. */
  samples: readonly MetricSamples[] = []
  /** It is on its way out, and is not missed. */
  isLeaving = false
  /** It serves until another one does in its place. */
  isFailing = false
  readonly #child: WorkerProcess
  #servesSince: number | undefined

  constructor(number: number, child: WorkerProcess, handlers: PrimaryHandlers) {
    this.number = number
    this.#child = child
    this.channel = new Channel(child.port, systemClock)
    this.channel.serve(handlers)
    this.ended = new Promise((resolve) => {
      child.onEnd((code, signal) => {
        this.channel.close()
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    return this.#child.pid
  }

  /** For how long it has served, ms; 0 = it never came to. */
  get servedMs(): number {
    return this.#servesSince === undefined ? 0 : systemClock.now() - this.#servesSince
  }

  /**
   * Resolves once it serves.
   *
   * @throws HeadgateError what is wrong with the configuration or the address; then the worker is gone
   */
  async start(order: Omit<StartOrder, 'worker'>): Promise<Address[]> {
    try {
      const addresses = await this.channel.ask('start', { ...order, worker: this.number }, startMs)
      this.#servesSince = systemClock.now()
      return addresses
    } catch (error) {
      this.kill()
      await this.ended
      throw error
    }
  }

  /** Asks a question that all workers are asked. */
  ask<Kind extends keyof WorkerQuestions & string>(
    kind: Kind,
    body: WorkerQuestions[Kind]['ask'],
  ): Promise<WorkerQuestions[Kind]['answer']> {
    return this.channel.ask(kind, body, askMs)
  }

  /** Asks what it has counted; where it does not answer in time, what it said last stands. */
  async count(): Promise<readonly MetricSamples[]> {
    this.samples = await this.ask('metrics', undefined).catch(() => this.samples)
    return this.samples
  }

  /** Resolves once its event loop has come round. */
  beat(): Promise<unknown> {
    return this.channel.ask('pulse', undefined, beatMs)
  }

  /**
   * Lets what is in flight finish and ends the process, one that hangs by force. Says what was cut.
   *
   * @param isReplaced whether another worker has taken its place
   */
  async leave(graceMs: number, isReplaced: boolean): Promise<Cut> {
    this.isLeaving = true
    const cut = await this.channel
      .ask('drain', { isReplaced }, graceMs + beyondGraceMs)
      .catch(() => ({ requests: 0, tunnels: 0 }))
    await this.count()
    this.channel.tell('leave', undefined)
    const timer = setTimeout(() => this.kill(), leaveMs)
    await this.ended
    clearTimeout(timer)
    return cut
  }

  kill(): void {
    this.isLeaving = true
    this.abort()
  }

  /** Ends it as if it had died by itself: it is missed. */
  abort(): void {
    this.#child.kill('SIGKILL')
  }
}
