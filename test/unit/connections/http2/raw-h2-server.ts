import net, { type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const

/** What a test may put on the wire, well formed or not. */
export interface RawSession {
  socket: Socket
  frame(type: keyof typeof frameTypes, flags: number, stream: number, payload?: Buffer): void
}

export const endStream = 1
const endHeaders = 4
/** `:status: 200`, by HPACK's static table (RFC 7541, appendix A). */
export const status200 = Buffer.from([0x88])

/** The head of a response with status 200. */
export function head({ frame }: RawSession, stream: number, flags = 0): void {
  frame('headers', endHeaders | flags, stream, status200)
}

/** A server that speaks the frames and leaves everything else to the test. `onRequest` gets the id of each stream. */
export async function rawH2Server(
  t: TestContext,
  onRequest: (session: RawSession, stream: number) => void,
): Promise<{ origin: string; sessions: RawSession[] }> {
  const sessions: RawSession[] = []
  const server = net.createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => {})
    const session: RawSession = {
      socket,
      frame: (type, flags, stream, payload = Buffer.alloc(0)) => {
        const start = Buffer.alloc(9)
        start.writeUIntBE(payload.length, 0, 3)
        start[3] = frameTypes[type]
        start[4] = flags
        start.writeUInt32BE(stream, 5)
        socket.write(Buffer.concat([start, payload]))
      },
    }
    sessions.push(session)
    session.frame('settings', 0, 0)
    let unread = Buffer.alloc(0)
    let isGreeted = false
    socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk])
      if (!isGreeted) {
        if (unread.length < 24) return
        unread = unread.subarray(24)
        isGreeted = true
      }
      while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
        const length = unread.readUIntBE(0, 3)
        const [type, flags] = [unread[3]!, unread[4]!]
        if (type === frameTypes.settings && flags === 0) session.frame('settings', 1, 0)
        if (type === frameTypes.headers) onRequest(session, unread.readUInt32BE(5))
        unread = unread.subarray(9 + length)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const { socket } of sessions) socket.destroy()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions }
}

/** The payload of a RST_STREAM. */
export function codeBytes(code: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(code)
  return bytes
}
