import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import { certificateFiles, readTls } from './certificates.ts'
import { systemClock } from './clock.ts'
import type { ServerConfig } from './config/schema.ts'
import { WatchedFile } from './discovery/watched-file.ts'
import type { TlsSettings } from './edge/tls/tls-door.ts'

type TlsConfig = NonNullable<ServerConfig['tls']>

/** A chain of certificates is a few kilobytes, a bundle of authorities a few hundred. */
const maxBytes = 4 * 1024 * 1024

/** Reads certificates again when their files change. A pair that cannot be used leaves the last one in force. */
export class CertificateWatch {
  readonly #log: FastifyBaseLogger
  readonly #onChange: (settings: TlsSettings) => void
  #tls: TlsConfig
  #files: WatchedFile[] = []
  readonly #texts = new Map<string, string>()
  #fault: string | undefined
  #isStarted = false

  constructor(tls: TlsConfig, log: FastifyBaseLogger, onChange: (settings: TlsSettings) => void) {
    this.#tls = tls
    this.#log = log
    this.#onChange = onChange
    this.#remember()
  }

  start(): void {
    this.#isStarted = true
    this.#files = certificateFiles(this.#tls).map(
      (path) =>
        new WatchedFile({
          path,
          maxBytes,
          clock: systemClock,
          onText: (text) => this.#onText(path, text),
          onError: () => this.#read(),
        }),
    )
    for (const file of this.#files) file.start()
  }

  /** Looks after the files of another configuration, which have just been read. */
  follow(tls: TlsConfig): void {
    if (isDeepStrictEqual(tls, this.#tls)) return
    const wasStarted = this.#isStarted
    void this.close()
    this.#tls = tls
    this.#remember()
    if (wasStarted) this.start()
  }

  async close(): Promise<void> {
    this.#isStarted = false
    await Promise.all(this.#files.map((file) => file.close()))
  }

  /** What is in force: a file that changes before it is watched has changed all the same. */
  #remember(): void {
    this.#texts.clear()
    for (const path of certificateFiles(this.#tls)) this.#texts.set(path, readFileSync(path, 'utf8'))
  }

  #onText(path: string, text: string): void {
    const before = this.#texts.get(path)
    this.#texts.set(path, text)
    if (before !== text) this.#read()
  }

  #read(): void {
    try {
      this.#onChange(readTls(this.#tls))
      this.#fault = undefined
      this.#log.info('the certificates were read again')
    } catch (error) {
      const { message } = error as Error
      if (message === this.#fault) return
      this.#fault = message
      this.#log.error({ reason: message }, 'the certificates were not changed: they cannot be used')
    }
  }
}
