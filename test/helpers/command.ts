import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface CommandOptions {
  cwd?: string
  env?: Record<string, string>
  /** Default: this Node. */
  program?: string
  /** A descriptor that the process gets as its third. */
  socket?: number | undefined
}

/** A process of the command line. It is killed when its test is over. */
export class Command {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #onOutput: () => void = () => {}

  constructor(
    t: TestContext,
    args: readonly string[],
    { cwd = tmpdir(), env = {}, program = process.execPath, socket }: CommandOptions = {},
  ) {
    this.#child = spawn(program, [...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(socket === undefined ? [] : [socket])],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#onOutput()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#onOutput()
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#onOutput()
        resolve(code)
      })
    })
    t.after(() => this.#child.kill('SIGKILL'))
  }

  /** What it exited with. */
  exit(): Promise<number | null> {
    return this.#ended
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Every line of the log so far. */
  get log(): Record<string, unknown>[] {
    const lines = this.stdout.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line))
  }

  /** Resolves with the first line of the log with this sentence; rejects when the process ends without it. */
  async logged(sentence: string, count = 1): Promise<Record<string, unknown>> {
    const lines = () => this.log.filter(({ msg }) => msg === sentence)
    await this.until(() => lines().length >= count, sentence)
    return lines()[count - 1] as Record<string, unknown>
  }

  /** Resolves as soon as it has printed a text. */
  printed(text: string): Promise<void> {
    return this.until(() => this.stdout.includes(text), text)
  }

  /** Resolves as soon as its output meets a condition; rejects when it ends before. */
  until(isMet: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onOutput = () => {
        if (isMet()) resolve()
        else if (this.#child.exitCode !== null)
          reject(new Error(`it ended before: ${what}\n${this.stdout}${this.stderr}`))
      }
      this.#onOutput()
    })
  }
}

/** Runs `headgate` from its source. */
export function headgate(t: TestContext, args: readonly string[], options?: CommandOptions): Command {
  return new Command(t, [mainFile, ...args], options)
}

/** A folder with these files, gone when the test is over. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

/** A port on loopback that nobody had a moment ago. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, host, resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
