import type { FastifyBaseLogger, FastifyInstance, FastifyListenOptions } from 'fastify'
import { systemClock } from './clock.ts'
import type { LoadedConfig } from './config/load.ts'
import { WatchedFile } from './discovery/watched-file.ts'
import { HeadgateError } from './errors.ts'
import { createGateway } from './gateway.ts'
import { listenFault } from './listen-fault.ts'
import type { Supervisor } from './systemd.ts'

export interface ServiceOptions {
  /** Reads the configuration; called again at each reload. */
  load: () => Promise<LoadedConfig>
  /** Go before the configuration, at each reload too. */
  address: { host?: string; port?: number }
  createLogger: (level: string) => FastifyBaseLogger
  /** A socket that listens already, a descriptor; in the place of the address. */
  socket?: number | undefined
  /** Read the configuration again whenever its file changes. Default false. */
  watch?: boolean | undefined
  /** Who is told when the service is ready, reads its configuration again, and stops. */
  supervisor?: (log: FastifyBaseLogger) => Supervisor | undefined
}

/** How long plugins have for their close hooks once nothing is in flight, ms. */
const closeMs = 5_000
/** A larger file is no configuration. */
const maxFileBytes = 10 * 1024 * 1024

/** A gateway as a process runs it: started from a configuration, given others while it runs, and stopped. */
export class Service {
  readonly #options: ServiceOptions
  #gateway: FastifyInstance | undefined
  #supervisor: Supervisor | undefined
  #file: WatchedFile | undefined
  #isStopping = false

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  /**
   * Resolves once the gateway listens.
   *
   * @throws HeadgateError `HEADGATE_CANNOT_LISTEN`, or what is wrong with the configuration
   */
  async start(): Promise<void> {
    const { config, source, file, folder } = await this.#load()
    const { createLogger, socket, watch, supervisor } = this.#options
    const logger = createLogger(config.logging.level)
    const gateway = await createGateway(config, { folder, logger }).catch((error) => {
      throw fileFault(error)
    })
    try {
      // Node listens on a descriptor that is open; Fastify hands it on, without a word of it in its types.
      await gateway.listen({ ...(socket !== undefined && { fd: socket }) } as FastifyListenOptions)
    } catch (error) {
      await gateway.close()
      throw listenFault(error)
    }
    this.#gateway = gateway
    gateway.log.info({ config: source, addresses: gateway.addresses() }, 'headgate serves')
    this.#supervisor = supervisor?.(logger)
    this.#supervisor?.ready()
    if (watch && file !== undefined) this.#file = this.#watch(file)
  }

  /** Reads the configuration again. One with faults changes nothing; the log says why. */
  async reload(): Promise<void> {
    const gateway = this.#gateway
    if (gateway === undefined || this.#isStopping) return
    this.#supervisor?.reloading()
    try {
      const { needsRestart } = await gateway.headgate.reload(async () => (await this.#load()).config)
      gateway.log.info('the configuration was read again')
      if (needsRestart.length > 0) gateway.log.warn({ needsRestart }, 'some changes need a restart')
    } catch (error) {
      const { code, message } = fileFault(error) as HeadgateError
      gateway.log.error({ code, reason: message }, 'the configuration was not changed: it has faults')
    }
    this.#supervisor?.ready()
  }

  /** Lets what is in flight finish, then closes. */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true
    const gateway = this.#gateway
    if (gateway === undefined) return
    gateway.log.info({ reason }, 'headgate drains')
    this.#supervisor?.stopping()
    await this.#file?.close()
    const cut = await gateway.headgate.drain()
    const isClosed = await Promise.race([gateway.close().then(() => true), patience()])
    if (!isClosed) gateway.log.warn('a plugin did not close in time')
    gateway.log.info({ cut }, 'headgate has ended')
  }

  async #load(): Promise<LoadedConfig> {
    const { load, address } = this.#options
    const loaded = await load()
    return { ...loaded, config: { ...loaded.config, server: { ...loaded.config.server, ...address } } }
  }

  #watch(path: string): WatchedFile {
    let last: string | undefined
    const log = this.#gateway?.log
    const file = new WatchedFile({
      path,
      maxBytes: maxFileBytes,
      clock: systemClock,
      onText: (text) => {
        const hasChanged = last !== undefined && text !== last
        if (last === undefined) log?.info({ file: path }, 'the configuration is watched')
        last = text
        if (hasChanged) void this.reload()
      },
      onError: (error) =>
        log?.warn({ reason: (error as Error).message }, 'the configuration cannot be watched'),
    })
    file.start()
    return file
  }
}

/** Resolves when it has waited long enough; nothing waits for it. */
function patience(): Promise<false> {
  return new Promise((resolve) => void setTimeout(resolve, closeMs, false).unref())
}

/** A file that the configuration names and that cannot be read is a fault of the configuration. */
function fileFault(error: unknown): unknown {
  const { syscall, path, message } = error as NodeJS.ErrnoException
  if (syscall !== 'open' || path === undefined) return error
  return new HeadgateError('HEADGATE_CONFIG_INVALID', {
    message: `A file that the configuration names cannot be read: ${message}`,
    cause: error,
  })
}
