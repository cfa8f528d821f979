import type { FlatHeaders, ResponseHead } from './sink.ts'
import type { SendProgress } from './stalled-client.ts'

/** How a response goes out by one version of HTTP. What to write, and when, is up to whoever has it (client-sink.ts). */
export interface ResponseWriter {
  /** The method of the request that is answered. */
  readonly method: string
  /** Whether it is too late for another answer. */
  readonly headersSent: boolean
  /** Whether some of what was written has not left yet. */
  readonly isBehind: boolean
  /** Left out where the client could not understand it. */
  interim(statusCode: number, headers: FlatHeaders): void
  /**
   * Takes the head; it leaves with what follows it.
   *
   * @param length of the body, bytes; -1 where the head does not say
   * @param isWhole nothing follows: neither body nor trailers
   */
  writeHead(head: ResponseHead, length: number, isWhole: boolean): void
  /** Lets the head leave by itself. */
  flushHead(): void
  /** False asks for a pause until `drain`. */
  write(chunk: Buffer): boolean
  /** Ends the response, with the last piece of its body where that has not been written. */
  end(last: Buffer | undefined, trailers: FlatHeaders): void
  /** Breaks the response off, so that it never looks complete. */
  destroy(): void
  onClose(listener: () => void): void
  /** The listener is called once. */
  onDrain(listener: () => void): void
  progress(): SendProgress
}
