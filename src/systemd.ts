import { execFile } from 'node:child_process'

/** What a service manager is told of the life of a process. Nobody waits for it. */
export interface Supervisor {
  ready(): void
  reloading(): void
  stopping(): void
}

export interface SystemdOptions {
  /** The variables of the process. */
  env: Readonly<Record<string, string | undefined>>
  pid: number
  /** Microseconds on the machine's monotonic clock. */
  monotonicMicroseconds: () => bigint
  /** Told once, when systemd cannot be told. */
  onFault: (error: Error) => void
}

/** The first descriptor that systemd hands over (sd_listen_fds(3)). */
const firstDescriptor = 3

/** The socket that systemd has opened for this process, a descriptor; undefined where there is none. */
export function inheritedSocket({ env, pid }: Pick<SystemdOptions, 'env' | 'pid'>): number | undefined {
  const isForUs = env.LISTEN_PID === String(pid) && Number(env.LISTEN_FDS) >= 1
  return isForUs ? firstDescriptor : undefined
}

/**
 * Tells systemd what sd_notify(3) would, and keeps its watchdog quiet for as long as the event loop turns. Node has no
 * datagram sockets in the file system, so systemd's own program sends: the unit needs `NotifyAccess=all`. Undefined
 * where nobody listens.
 */
export function systemdSupervisor(options: SystemdOptions): Supervisor | undefined {
  const { env, pid, monotonicMicroseconds, onFault } = options
  if (!env.NOTIFY_SOCKET) return undefined
  let hasFailed = false
  let sent: Promise<void> = Promise.resolve()

  /** One after the other, since they are said by processes that could overtake each other. */
  function send(...variables: string[]): void {
    sent = sent.then(
      () =>
        new Promise((resolve) => {
          execFile('systemd-notify', variables, { timeout: 5_000 }, (error) => {
            if (error !== null && !hasFailed) {
              hasFailed = true
              onFault(error)
            }
            resolve()
          })
        }),
    )
  }

  function watch(): void {
    const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid)
    const periodMs = Number(env.WATCHDOG_USEC) / 1000 / 2
    if (isForUs && periodMs > 0) setInterval(send, periodMs, 'WATCHDOG=1').unref()
  }

  let isWatching = false
  return {
    ready() {
      send('READY=1')
      if (isWatching) return
      isWatching = true
      watch()
    },
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds()}`),
    stopping: () => send('STOPPING=1'),
  }
}
