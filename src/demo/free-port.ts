import { createServer } from 'node:net'

/** The port, or 0 where another process has it: the system then chooses one. */
export function portOrAny(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(0))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(port)))
  })
}
