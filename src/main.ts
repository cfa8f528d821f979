import { fstatSync, type Stats } from 'node:fs'
import { type Command, parseArguments } from './cli/arguments.ts'
import { help } from './cli/help.ts'
import { loadConfig } from './config/load.ts'
import { formatWarning } from './config/warnings.ts'
import { tuneEngine } from './engine.ts'
import { HeadgateError } from './errors.ts'
import { openLog } from './logger.ts'
import type { Service } from './service.ts'
import { inheritedSocket, systemdSupervisor } from './systemd.ts'
import { version } from './version.ts'
import { workerMark } from './workers/mark.ts'

/** What the process ends with. */
const exitCodes = { ended: 0, wrong: 1, cannotListen: 2, failed: 70, interrupted: 130 } as const

/** True where this process was started by one that holds workers. */
const isWorker = process.env[workerMark] !== undefined && process.send !== undefined

type Verb<Name extends Command['verb']> = Extract<Command, { verb: Name }>

async function run(args: readonly string[]): Promise<void> {
  const command = parseArguments(args)
  switch (command.verb) {
    case 'help':
      return print(help)
    case 'version':
      return print(`${version}\n`)
    case 'check':
      return check(command)
    case 'start':
      tuneEngine(process)
      return isWorker ? work(command) : start(command)
    case 'agent':
      return agent(command)
    case 'demo':
      return demo(command)
    case 'top':
      return top(command)
  }
}

async function check({ config: file }: Verb<'check'>): Promise<void> {
  const { config, source, warnings } = await load(file)
  const counts = [
    count(Object.keys(config.upstreams), 'upstream'),
    count(config.routes, 'route'),
    count(config.plugins, 'plugin'),
  ]
  for (const warning of warnings) process.stderr.write(`warning: ${formatWarning(warning)}\n`)
  print(`The configuration (${source}) is valid: ${counts.join(', ')}.\n`)
}

async function start({ config: file, host, port, watch }: Verb<'start'>): Promise<void> {
  let service: Service | undefined
  stopOnSignal(async (signal) => service?.stop(signal))
  process.on('SIGHUP', () => void service?.reload())
  const { Service } = await import('./service.ts')
  const { env, pid } = process
  service = new Service({
    load: () => load(file),
    address: { ...(host !== undefined && { host }), ...(port !== undefined && { port }) },
    openLog: newLog,
    onExit: (listener) => process.on('exit', listener),
    socket: inheritedSocket({ env, pid }),
    watch,
    supervisor: (log) =>
      systemdSupervisor({
        env,
        pid,
        monotonicMicroseconds: () => process.hrtime.bigint() / 1000n,
        onFault: (error) => log.warn({ reason: error.message }, 'systemd cannot be told'),
      }),
  })
  await service.start()
}

/** What a process does that another one of this program has started to serve. */
async function work({ config: file }: Verb<'start'>): Promise<void> {
  // Who signals a whole group of processes means the one that holds them.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  const { Worker } = await import('./worker.ts')
  const worker = new Worker({
    port: {
      send: (message) => void process.send?.(message, undefined, undefined, () => {}),
      onMessage: (listener) => process.on('message', listener),
    },
    load: () => load(file),
    openLog: newLog,
    exit: () => process.exit(exitCodes.ended),
  })
  process.once('SIGTERM', () => void worker.leave())
  onUnforeseen = (error) => {
    if (!worker.fail(error)) fail(error)
    process.stderr.write(`${trace(error)}\n`)
  }
}

async function agent({ servers, host, port }: Verb<'agent'>): Promise<void> {
  const { startAgent } = await import('./development-agent.ts')
  const starting = startAgent({
    servers,
    ...(host !== undefined && { host }),
    port,
    logger: newLog('info').logger,
  })
  stopOnSignal(async () => (await starting).close())
  await starting
}

async function demo({ host, port, once }: Verb<'demo'>): Promise<void> {
  const { startDemo } = await import('./demo.ts')
  const starting = startDemo({
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    print,
    hasColors: hasColors(),
    isSteady: once,
  })
  stopOnSignal(async () => (await starting).close())
  const running = await starting
  if (!once) return running.show()
  const { checkDemo } = await import('./demo-check.ts')
  const isGood = await checkDemo(running, print)
  await running.close()
  process.exit(isGood ? exitCodes.ended : exitCodes.wrong)
}

async function top({ admin, once }: Verb<'top'>): Promise<void> {
  const { Top } = await import('./top.ts')
  const { stdout } = process
  const size = () => ({ columns: stdout.columns ?? 160, rows: stdout.rows ?? 50 })
  const output = { write: print, isTerminal: stdout.isTTY, hasColors: hasColors(), size }
  const shown = new Top({ admin, once, output })
  stopOnSignal(() => shown.stop())
  await shown.run()
}

/** The first signal lets everything end in its own time, the second ends it at once. */
function stopOnSignal(stop: (signal: string) => Promise<unknown>): void {
  let isStopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(exitCodes.interrupted)
      isStopping = true
      stop(signal).then(() => process.exit(exitCodes.ended), fail)
    })
  }
}

function load(file: string | undefined) {
  return loadConfig({ file, env: process.env, cwd: process.cwd() })
}

function newLog(level: string, worker?: number) {
  const terminal = process.stdout.isTTY ? { write: print, hasColors: hasColors() } : undefined
  const sharesPipe = worker !== undefined && isPipe(fstatSync(1))
  return openLog({ level, pid: process.pid, worker, sharesPipe, terminal })
}

function isPipe(stats: Stats): boolean {
  return stats.isFIFO() || stats.isSocket()
}

function hasColors(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors()
}

function print(text: string): void {
  process.stdout.write(text)
}

function count(list: readonly unknown[], word: string): string {
  return `${list.length} ${word}${list.length === 1 ? '' : 's'}`
}

/** What the user can put right is told in words; everything else with where it happened. */
function fail(error: unknown): never {
  const isTold = error instanceof HeadgateError && error.statusCode === 0
  process.stderr.write(`${isTold ? error.message : trace(error)}\n`)
  process.exit(isTold ? exitCodeOf(error) : exitCodes.failed)
}

function trace(error: unknown): string {
  return (error as Error)?.stack ?? String(error)
}

function exitCodeOf({ code }: HeadgateError): number {
  return code === 'HEADGATE_CANNOT_LISTEN' ? exitCodes.cannotListen : exitCodes.wrong
}

/** What is done with an error that nobody has caught. */
let onUnforeseen: (error: unknown) => void = fail
process.on('uncaughtException', (error) => onUnforeseen(error))
run(process.argv.slice(2)).catch(fail)
