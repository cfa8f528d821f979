import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onCore, type Role } from './cores.ts'
import { pidsBelow, type TreeUsage, usageOf } from './proc-stat.ts'

export interface ChildOptions {
  role: Role
  command: string
  args: readonly string[]
  /** Its working directory, where its standard error goes too. */
  folder: string
  env?: Record<string, string>
  /** Keep standard output for `output()`; otherwise it goes to /dev/null, as a file. */
  keepsOutput?: boolean
  /** Open a channel for messages. */
  hasChannel?: boolean
}

const running = new Set<Child>()
const stopWithinMs = 3000

/** A process that the bench has started, and that does not outlive it. */
export class Child {
  readonly #process: ChildProcess
  readonly #errors: string
  #output = ''

  constructor({ role, command, args, folder, env, keepsOutput = false, hasChannel = false }: ChildOptions) {
    const [file, ...rest] = onCore(role, command, args)
    this.#errors = join(folder, `stderr-${process.hrtime.bigint()}.log`)
    const errors = openSync(this.#errors, 'w')
    const nowhere = openSync('/dev/null', 'w')
    this.#process = spawn(file, rest, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', keepsOutput ? 'pipe' : nowhere, errors, ...(hasChannel ? ['ipc' as const] : [])],
    })
    closeSync(errors)
    closeSync(nowhere)
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
    this.#process.once('error', () => running.delete(this))
    this.#process.once('exit', () => running.delete(this))
    running.add(this)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get hasEnded(): boolean {
    return (
      this.#process.exitCode !== null || this.#process.signalCode !== null || this.#process.pid === undefined
    )
  }

  /** What it has written to standard error, the end of it. */
  get complaint(): string {
    return readFileSync(this.#errors, 'utf8').trim().slice(-2000)
  }

  /** CPU time and memory of the process and its descendants. */
  usage(): TreeUsage {
    return usageOf(this.pid) ?? { cpuMs: Number.NaN, rssBytes: Number.NaN }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  send(message: object): void {
    this.#process.send?.(message)
  }

  /** The next message of the process. */
  async receive<Message>(): Promise<Message> {
    const ended = new AbortController()
    const onExit = () => ended.abort()
    this.#process.once('exit', onExit)
    try {
      const [message] = await once(this.#process, 'message', { signal: ended.signal })
      return message as Message
    } catch {
      throw new Error(`${this.#process.spawnargs.join(' ')} has ended: ${this.complaint}`)
    } finally {
      this.#process.off('exit', onExit)
    }
  }

  /** Waits for its end. Returns what it wrote to standard output. */
  async output(): Promise<string> {
    if (!this.hasEnded) await once(this.#process, 'close')
    if (this.#process.exitCode !== 0)
      throw new Error(`${this.#process.spawnargs.join(' ')}: ${this.complaint}`)
    return this.#output
  }

  /** Asks it to end, and ends it where it has not within this time, ms. */
  async stop(withinMs = stopWithinMs): Promise<void> {
    if (this.hasEnded) return
    const tree = pidsBelow(this.pid)
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => tree.forEach(kill), withinMs)
    await ended
    clearTimeout(timer)
  }

  /** Ends it and its descendants at once. */
  kill(): void {
    if (!this.hasEnded) pidsBelow(this.pid).forEach(kill)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** Ends all that was started, however the bench itself ends. */
process.on('exit', () => {
  for (const child of running) child.kill()
})
