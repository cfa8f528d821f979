import { availableParallelism } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { systemClock } from './clock.ts'
import type { LoadedConfig } from './config/load.ts'
import { WatchedFile } from './discovery/watched-file.ts'
import type { HeadgateError } from './errors.ts'
import type { ProcessLog } from './logger.ts'
import type { Serving } from './serving.ts'
import { closesInTime, fileFault, listen, openGateway } from './start-gateway.ts'
import type { Supervisor } from './systemd.ts'

export interface ServiceOptions {
  /** Reads the configuration; called again at each reload. */
  load: () => Promise<LoadedConfig>
  /** Go before the configuration, at each reload too. */
  address: { host?: string; port?: number }
  openLog: (level: string) => ProcessLog
  /** A socket that listens already, a descriptor; in the place of the address. */
  socket?: number | undefined
  /** Read the configuration again whenever its file changes. Default false. */
  watch?: boolean | undefined
  /** Who is told when the service is ready, reads its configuration again, and stops. */
  supervisor?: (log: FastifyBaseLogger) => Supervisor | undefined
  /** Calls back when the process ends, in whatever way it does so itself. */
  onExit: (listener: () => void) => void
}

/** A larger file is no configuration. */
const maxFileBytes = 10 * 1024 * 1024

/** A gateway as a process runs it: started from a configuration, given others while it runs, and stopped. */
export class Service {
  readonly #options: ServiceOptions
  #serving: Serving | undefined
  #supervisor: Supervisor | undefined
  #file: WatchedFile | undefined
  #isStopping = false
  /** The configuration has changed while the gateway was starting with what it was before. */
  #isOutdated = false

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  /**
   * Resolves once the gateway listens.
   *
   * @throws HeadgateError `HEADGATE_CANNOT_LISTEN`, or what is wrong with the configuration
   */
  async start(): Promise<void> {
    const loaded = await this.#load()
    const { watch, supervisor } = this.#options
    const serving = await this.#open(loaded)
    this.#serving = serving
    const { source, file } = loaded
    serving.log.info({ config: source, addresses: serving.addresses() }, 'headgate serves')
    this.#supervisor = supervisor?.(serving.log)
    this.#supervisor?.ready()
    if (watch && file !== undefined) this.#file = this.#watch(file)
    if (this.#isOutdated) await this.reload()
  }

  /** Reads the configuration again. One with faults changes nothing; the log says why. */
  async reload(): Promise<void> {
    const serving = this.#serving
    if (this.#isStopping) return
    if (serving === undefined) {
      this.#isOutdated = true
      return
    }
    this.#supervisor?.reloading()
    try {
      const { needsRestart } = await serving.reload(async () => (await this.#load()).config)
      serving.log.info('the configuration was read again')
      if (needsRestart.length > 0) serving.log.warn({ needsRestart }, 'some changes need a restart')
    } catch (error) {
      const { code, message } = fileFault(error) as HeadgateError
      serving.log.error({ code, reason: message }, 'the configuration was not changed: it has faults')
    }
    this.#supervisor?.ready()
  }

  /** Lets what is in flight finish, then closes. */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true
    const serving = this.#serving
    if (serving === undefined) return
    serving.log.info({ reason }, 'headgate drains')
    this.#supervisor?.stopping()
    await this.#file?.close()
    const cut = await serving.drain()
    const isClosed = await closesInTime(serving.close())
    if (!isClosed) serving.log.warn('a plugin did not close in time')
    serving.log.info({ cut }, 'headgate has ended')
  }

  async #open(loaded: LoadedConfig): Promise<Serving> {
    const { openLog, socket, onExit } = this.#options
    const { config, folder } = loaded
    const log = openLog(config.logging.level)
    const { workers } = config.server
    const count = workers === 'auto' ? availableParallelism() : workers
    if (count === 1) {
      const gateway = await openGateway(config, { folder, ...log })
      await listen(gateway, socket)
      return alone(gateway)
    }
    const [{ Primary }, { forkWorker }] = await Promise.all([import('./primary.ts'), import('./cluster.ts')])
    return Primary.start(loaded, { count, log: log.logger, fork: forkWorker, socket, onExit })
  }

  async #load(): Promise<LoadedConfig> {
    const { load, address } = this.#options
    const loaded = await load()
    return { ...loaded, config: { ...loaded.config, server: { ...loaded.config.server, ...address } } }
  }

  #watch(path: string): WatchedFile {
    const log = this.#serving?.log
    const file = new WatchedFile({
      path,
      maxBytes: maxFileBytes,
      clock: systemClock,
      onText: (text, before) => {
        if (before === undefined) log?.info({ file: path }, 'the configuration is watched')
        else if (text !== before) void this.reload()
      },
      onError: (error) =>
        log?.warn({ reason: (error as Error).message }, 'the configuration cannot be watched'),
    })
    file.start()
    return file
  }
}

/** One gateway, in this process. */
function alone(gateway: FastifyInstance): Serving {
  const { headgate } = gateway
  return {
    log: gateway.log,
    addresses: () => gateway.addresses(),
    reload: (read) => headgate.reload(read),
    drain: () => headgate.drain(),
    close: () => gateway.close(),
  }
}
