import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'

/** A real agent on loopback, whose frames a test writes itself. */
export class AgentServer {
  readonly #server: WebSocketServer
  /** Every connection that was ever made, in order. */
  readonly connections: WebSocket[] = []
  /** What each new connection gets first. */
  greeting: unknown

  private constructor(server: WebSocketServer, greeting: unknown) {
    this.#server = server
    this.greeting = greeting
    server.on('connection', (socket) => {
      this.connections.push(socket)
      socket.on('error', () => socket.terminate())
      if (this.greeting !== undefined) socket.send(JSON.stringify(this.greeting))
    })
  }

  static async listen(t: TestContext, greeting?: unknown, port = 0): Promise<AgentServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port, path: '/ws' })
    await once(server, 'listening')
    const agent = new AgentServer(server, greeting)
    t.after(() => agent.close())
    return agent
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`
  }

  get last(): WebSocket {
    return this.connections.at(-1)!
  }

  send(value: unknown): void {
    this.last.send(JSON.stringify(value))
  }

  /** Resolves with the next connection. */
  async connection(): Promise<WebSocket> {
    const [socket] = await once(this.#server, 'connection')
    return socket as WebSocket
  }

  /** Is gone, with all of its connections. */
  async close(): Promise<void> {
    for (const socket of this.connections) socket.terminate()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
