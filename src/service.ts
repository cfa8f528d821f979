import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { LoadedConfig } from './config/load.ts'
import { HeadgateError } from './errors.ts'
import { createGateway } from './gateway.ts'
import { listenFault } from './listen-fault.ts'

export interface ServiceOptions {
  /** Reads the configuration; called again at each reload. */
  load: () => Promise<LoadedConfig>
  /** Go before the configuration, at each reload too. */
  address: { host?: string; port?: number }
  createLogger: (level: string) => FastifyBaseLogger
}

/** How long plugins have for their close hooks once nothing is in flight, ms. */
const closeMs = 5_000

/** A gateway as a process runs it: started from a configuration, given others while it runs, and stopped. */
export class Service {
  readonly #options: ServiceOptions
  #gateway: FastifyInstance | undefined
  #reloading: Promise<void> = Promise.resolve()
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
    const { config, source, folder } = await this.#load()
    const logger = this.#options.createLogger(config.logging.level)
    const gateway = await createGateway(config, { folder, logger }).catch((error) => {
      throw fileFault(error)
    })
    try {
      await gateway.listen()
    } catch (error) {
      await gateway.close()
      throw listenFault(error)
    }
    this.#gateway = gateway
    gateway.log.info({ config: source, addresses: gateway.addresses() }, 'headgate serves')
  }

  /** Reads the configuration again. One with faults changes nothing; the log says why. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload())
    return this.#reloading
  }

  /** Lets what is in flight finish, then closes. */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true
    const gateway = this.#gateway
    if (gateway === undefined) return
    gateway.log.info({ reason }, 'headgate drains')
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

  async #reload(): Promise<void> {
    const gateway = this.#gateway
    if (gateway === undefined || this.#isStopping) return
    try {
      const { config, source } = await this.#load()
      const { needsRestart } = await gateway.headgate.reload(config)
      gateway.log.info({ config: source }, 'the configuration was read again')
      if (needsRestart.length > 0) gateway.log.warn({ needsRestart }, 'some changes need a restart')
    } catch (error) {
      const { code, message } = error as HeadgateError
      gateway.log.error({ code, reason: message }, 'the configuration was not changed: it has faults')
      gateway.headgate.events.emit({ kind: 'config_refused', detail: message })
    }
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
