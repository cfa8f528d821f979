import net, { type Socket } from 'node:net'

/** What came over a connection until something ended the exchange. */
export interface RawAnswer {
  text: string
  /** The status of each final response, in order, as far as they can be told apart. */
  statuses: number[]
  /** Whether the other side ended the connection. */
  isClosed: boolean
  /** Whether it did so with a reset. */
  isReset: boolean
}

export interface RawOptions {
  /** Milliseconds without a byte after which the answer is taken as whole. */
  quietMs?: number
  /** Milliseconds between two pieces. */
  pauseMs?: number
  /** Says that what has come is all that is expected; a quiet moment later it is taken as whole. Default: never. */
  until?: (text: string) => boolean
  /** Milliseconds without a byte after which an answer that is still expected is given up. Default 3000. */
  patienceMs?: number
}

/**
 * Sends bytes (latin1), piece by piece, and reads until the other side ends the connection or falls silent. The
 * client's own side stays open: half a close would count as leaving.
 */
export async function sendRaw(
  port: number,
  bytes: string | readonly string[],
  { quietMs = 150, pauseMs = 10, until = () => true, patienceMs = 3000 }: RawOptions = {},
): Promise<RawAnswer> {
  const socket = await connect(port)
  const answer = collect(socket, quietMs, patienceMs, until)
  for (const [index, piece] of [bytes].flat().entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    if (!socket.destroyed) socket.write(piece, 'latin1')
  }
  const result = await answer
  socket.destroy()
  return result
}

export async function connect(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.setNoDelay(true)
  return socket
}

function collect(
  socket: Socket,
  quietMs: number,
  patienceMs: number,
  until: (text: string) => boolean,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = ''
    let isReset = false
    let timer: NodeJS.Timeout | undefined
    const finish = (isClosed: boolean) => {
      clearTimeout(timer)
      resolve({ text, statuses: statusesIn(text), isClosed, isReset })
    }
    const restart = () => {
      clearTimeout(timer)
      timer = setTimeout(() => finish(false), text !== '' && until(text) ? quietMs : patienceMs)
    }
    restart()
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      restart()
    })
    socket.on('error', () => {
      isReset = true
    })
    socket.once('end', () => finish(true))
    socket.once('close', () => finish(true))
  })
}

/** The statuses of the final responses in a text; good enough for bodies that do not quote status lines. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)]
    .map((match) => Number(match[1]))
    .filter((s) => s >= 200)
}

/** Head and body of the first final response. */
export function parse(text: string): { head: string; body: string; fields: Map<string, string[]> } {
  let rest = text
  for (let match = /^HTTP\/1\.1 1\d\d /.exec(rest); match !== null; match = /^HTTP\/1\.1 1\d\d /.exec(rest)) {
    rest = rest.slice(rest.indexOf('\r\n\r\n') + 4)
  }
  const end = rest.indexOf('\r\n\r\n')
  const head = rest.slice(0, end)
  const fields = new Map<string, string[]>()
  for (const line of head.split('\r\n').slice(1)) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    fields.set(name, [...(fields.get(name) ?? []), line.slice(line.indexOf(':') + 1).trim()])
  }
  return { head, fields, body: rest.slice(end + 4) }
}
