import { type DestinationStream, type Logger, pino } from 'pino'
import type { WriteAccessLine } from './access-log.ts'
import { formatLogLine } from './cli/terminal-log.ts'

/** Secrets of clients, wherever a plugin logs the fields of a message. */
const secretFields = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-amz-security-token',
]
/** Each by its name: to look everywhere (`*`) takes 30 us a line, and this nothing that could be measured. */
const places = ['headers', 'req.headers', 'request.headers', 'res.headers', 'response.headers']

/** For pino. */
export const redaction = {
  paths: places.flatMap((place) => secretFields.map((name) => `${place}["${name}"]`)),
  censor: '[hidden]',
}

export interface LogOptions {
  level: string
  /** Numbers the process in every line. */
  pid: number
  /** Numbers the worker, where this process is one of several. */
  worker?: number | undefined
  /** Others write into the same pipe. Default false. */
  sharesPipe?: boolean
  /** Absent = JSON lines on standard output. Present = lines for people, given to this function. */
  terminal?: { write: (text: string) => void; hasColors: boolean } | undefined
}

export interface ProcessLog {
  logger: Logger
  /**
   * Writes what `logger.info(line, 'request')` would, in one go: a logger looks at each field for secrets,
   * a line of the access log has none.
   */
  writeAccessLine: WriteAccessLine
}

/**
 * Lines leave together, when they would be more bytes or so many milliseconds have come to pass: a write for each would
 * cost more than all else about it. A process that ends takes none along; one that is killed loses what had not left.
 */
const mostBytes = 32 * 1024
/** Several processes write into one pipe: what is at most PIPE_BUF of Linux long, no other line gets into. */
const mostBytesInPipe = 4 * 1024
const leaveAfterMs = 100

/** The log of a process: JSON lines, or text where a person looks on. */
export function openLog({ level, pid, worker, sharesPipe = false, terminal }: LogOptions): ProcessLog {
  const destination =
    terminal === undefined
      ? standardOutput(sharesPipe ? mostBytesInPipe : mostBytes)
      : { write: (line: string) => terminal.write(formatLogLine(line, terminal.hasColors)) }
  const base = { pid, ...(worker !== undefined && { worker }) }
  const logger = pino({ level, base, redact: redaction }, destination)
  const fixed = JSON.stringify(base).slice(1, -1)
  return {
    logger,
    writeAccessLine(line) {
      if (!logger.isLevelEnabled('info')) return
      const fields = JSON.stringify(line).slice(1, -1)
      destination.write(`{"level":30,"time":${Date.now()},${fixed},${fields},"msg":"request"}\n`)
    },
  }
}

/** Standard output, which gathers lines itself: pino's would make a buffer of each. */
function standardOutput(mostBytes: number): DestinationStream & { flushSync: () => void } {
  const output = pino.destination({
    dest: 1,
    sync: false,
    contentMode: 'buffer',
    maxWrite: mostBytes,
    periodicFlush: leaveAfterMs,
  } as object)
  let lines = ''
  let bytes = 0
  function leave(): void {
    if (bytes === 0) return
    // Its types know of text alone.
    output.write(Buffer.from(lines) as unknown as string)
    lines = ''
    bytes = 0
  }
  // It is told when it is time, and when the process ends.
  const [flush, flushSync] = [output.flush.bind(output), output.flushSync.bind(output)]
  output.flush = (done) => {
    leave()
    flush(done)
  }
  output.flushSync = () => {
    leave()
    flushSync()
  }
  return {
    write(line) {
      const length = Buffer.byteLength(line)
      if (bytes + length > mostBytes) leave()
      lines += line
      bytes += length
    },
    flushSync: output.flushSync,
  }
}
