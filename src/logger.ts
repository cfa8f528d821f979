import { type DestinationStream, type Logger, pino } from 'pino'
import { fieldsOf, type WriteAccessLine } from './access-log.ts'
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
 * Lines leave together, when so many bytes or so many milliseconds have come to pass: a write for each would cost more
 * than all else about it. A process that ends takes none along; one that is killed loses what had not left.
 */
const gathering = { minLength: 32 * 1024, maxWrite: 64 * 1024, periodicFlush: 100 }
/** Several processes write into one pipe: what is at most PIPE_BUF of Linux long, no other line gets into. */
const gatheringInPipe = { ...gathering, minLength: 3 * 1024, maxWrite: 4 * 1024 }

/** The log of a process: JSON lines, or text where a person looks on. */
export function openLog({ level, pid, worker, sharesPipe = false, terminal }: LogOptions): ProcessLog {
  const destination =
    terminal === undefined
      ? standardOutput(sharesPipe ? gatheringInPipe : gathering)
      : { write: (line: string) => terminal.write(formatLogLine(line, terminal.hasColors)) }
  const base = { pid, ...(worker !== undefined && { worker }) }
  const logger = pino({ level, base, redact: redaction }, destination)
  const fixed = JSON.stringify(base).slice(1, -1)
  return {
    logger,
    writeAccessLine(line) {
      if (!logger.isLevelEnabled('info')) return
      destination.write(`{"level":30,"time":${Date.now()},${fixed}${fieldsOf(line)},"msg":"request"}\n`)
    },
  }
}

/** Gathers bytes: of text it would measure all that it has gathered, at each line again. */
function standardOutput(gathering: object): DestinationStream & { flushSync: () => void } {
  const output = pino.destination({ dest: 1, sync: false, contentMode: 'buffer', ...gathering })
  return {
    // Its types know of text alone.
    write: (line) => output.write(Buffer.from(line) as unknown as string),
    flushSync: () => output.flushSync(),
  }
}
