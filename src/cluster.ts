import cluster from 'node:cluster'
import type { Port } from './workers/channel.ts'
import { workerMark } from './workers/mark.ts'

/** A process that was started to serve. */
export interface WorkerProcess {
  readonly pid: number
  readonly port: Port
  kill(signal: NodeJS.Signals): void
  /** Called once, when it is over and everything that it had sent has come. */
  onEnd(listener: (code: number | null, signal: string | null) => void): void
}

/**
 * Starts this program once more, as a worker. Workers that listen on one address share its socket, and with it the queue
 * of those who want in: whoever is free takes the next one, and what a dead one has not taken is not lost. Why so:
 * docs/decisions/0010-workers.md.
 */
export function forkWorker(): WorkerProcess {
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ serialization: 'advanced' })
  const { process: child } = cluster.fork({ [workerMark]: '1' })
  const ended = new Promise<[number | null, string | null]>((resolve) => {
    let isLeft = false
    child.once('disconnect', () => {
      isLeft = true
    })
    child.once('exit', (code, signal) => {
      if (isLeft) resolve([code, signal])
      else child.once('disconnect', () => resolve([code, signal]))
    })
  })
  // What goes wrong with a process shows in its end.
  child.on('error', () => {})
  return {
    pid: child.pid as number,
    port: {
      send: (message) =>
        void (child.connected && child.send(message as object, undefined, undefined, () => {})),
      onMessage: (listener) => void child.on('message', listener),
    },
    kill: (signal) => void child.kill(signal),
    onEnd: (listener) => void ended.then(([code, signal]) => listener(code, signal)),
  }
}
