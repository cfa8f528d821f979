import type { Clock, Timer } from '../clock.ts'
import { type ErrorCode, errorCodes, HeadgateError } from '../errors.ts'

/** What carries messages to another process. Messages are plain data, and come in their order. */
export interface Port {
  /** Never throws: what cannot be sent is lost, as if the other side had gone. */
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

/** What one side may ask of the other: by kind, what goes there and what comes back. */
export type Questions = Readonly<Record<string, { ask: unknown; answer: unknown }>>
/** What one side may tell the other without an answer. */
export type Notes = Readonly<Record<string, unknown>>

/** What one side does with what the other asks and tells. */
export interface Handlers<Asked extends Questions, Told extends Notes> {
  answer: { [Kind in keyof Asked]: (ask: Asked[Kind]['ask']) => Promise<Asked[Kind]['answer']> }
  note: { [Kind in keyof Told]: (told: Told[Kind]) => void }
}

type Message =
  | { is: 'ask'; id: number; kind: string; body: unknown }
  | { is: 'answer'; id: number; body: unknown }
  | { is: 'fault'; id: number; code: string | undefined; message: string }
  | { is: 'note'; kind: string; body: unknown }

interface Asking {
  resolve: (answer: unknown) => void
  reject: (error: Error) => void
  timer: Timer
}

/** So many questions may wait for their answers; more are refused at once. */
const maxAsking = 256

/**
 * Questions and answers between two processes. Every question ends: with its answer, with the error that the other side
 * met, with the time that it was given, or with the channel.
 */
export class Channel<Asks extends Questions, Tells extends Notes> {
  readonly #port: Port
  readonly #clock: Clock
  readonly #asking = new Map<number, Asking>()
  #lastId = 0
  #isClosed = false

  constructor(port: Port, clock: Clock) {
    this.#port = port
    this.#clock = clock
  }

  /** Takes what the other side asks and tells. */
  serve<Asked extends Questions, Told extends Notes>({ answer, note }: Handlers<Asked, Told>): void {
    this.#port.onMessage((message) => {
      const one = message as Message
      switch (one?.is) {
        case 'ask':
          return void this.#answer(one, ownOf(answer, one.kind))
        case 'answer':
          return this.#end(one.id)?.resolve(one.body)
        case 'fault':
          return this.#end(one.id)?.reject(thrown(one))
        case 'note':
          return ownOf(note, one.kind)?.(one.body as never)
      }
    })
  }

  /**
   * @param withinMs how long the answer may take
   * @throws what the other side threw, a HeadgateError as one; an Error where there was no answer
   */
  ask<Kind extends keyof Asks & string>(
    kind: Kind,
    body: Asks[Kind]['ask'],
    withinMs: number,
  ): Promise<Asks[Kind]['answer']> {
    if (this.#isClosed) return Promise.reject(new Error('the other process is gone'))
    if (this.#asking.size >= maxAsking) return Promise.reject(new Error('too many questions are open'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => {
        this.#end(id)?.reject(new Error(`the other process has not answered within ${withinMs} ms: ${kind}`))
      }, withinMs)
      this.#asking.set(id, { resolve, reject, timer })
      this.#port.send({ is: 'ask', id, kind, body } satisfies Message)
    })
  }

  tell<Kind extends keyof Tells & string>(kind: Kind, body: Tells[Kind]): void {
    if (!this.#isClosed) this.#port.send({ is: 'note', kind, body } satisfies Message)
  }

  /** The other process is gone: what was asked has no answer. */
  close(): void {
    this.#isClosed = true
    for (const id of [...this.#asking.keys()]) this.#end(id)?.reject(new Error('the other process is gone'))
  }

  async #answer(
    { id, kind, body }: Message & { is: 'ask' },
    handler: ((ask: never) => Promise<unknown>) | undefined,
  ) {
    try {
      if (handler === undefined) throw new Error(`nobody answers ${kind}`)
      this.#port.send({ is: 'answer', id, body: await handler(body as never) } satisfies Message)
    } catch (error) {
      const { code, message, stack } = error as HeadgateError
      const isTold = error instanceof HeadgateError
      this.#port.send({
        is: 'fault',
        id,
        code: isTold ? code : undefined,
        message: isTold ? message : (stack ?? message),
      } satisfies Message)
    }
  }

  #end(id: number): Asking | undefined {
    const asking = this.#asking.get(id)
    this.#asking.delete(id)
    this.#clock.clearTimeout(asking?.timer)
    return asking
  }
}

/** A handler, and not what every object has. */
function ownOf<All extends object>(handlers: All, kind: string): All[keyof All] | undefined {
  return Object.hasOwn(handlers, kind) ? handlers[kind as keyof All] : undefined
}

function thrown({ code, message }: Message & { is: 'fault' }): Error {
  const isKnown = code !== undefined && Object.hasOwn(errorCodes, code)
  return isKnown ? new HeadgateError(code as ErrorCode, { message }) : new Error(message)
}
