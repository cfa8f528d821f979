import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** How long a slow answer takes: long enough to leave before it comes, ms. */
const slowMs = 300
const page = 'x'.repeat(1024)

/** A server that answers everything that the soak asks. It can leave and come back on its port. */
export class Backend {
  readonly #server: Server = createServer(answer)
  readonly #sockets = new WebSocketServer({ noServer: true })
  #port = 0

  constructor() {
    this.#server.keepAliveTimeout = 60_000
    this.#sockets.on('connection', (socket: WebSocket) => {
      socket.on('message', (message) => socket.send(message))
      socket.on('error', () => socket.terminate())
    })
    this.#server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      this.#sockets.handleUpgrade(request, socket, head, (one) =>
        this.#sockets.emit('connection', one, request),
      )
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async come(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.startsWith('/assets/')) {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=5' }).end(page)
  } else if (request.url === '/slow') {
    setTimeout(() => response.end(page), slowMs)
  } else {
    // The whole body first, so that a length that is wrong shows.
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => response.end(request.method === 'POST' ? String(bytes) : page))
  }
}
