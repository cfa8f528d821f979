import { HeadgateError } from './errors.ts'

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there. Choose another port with --port or in the configuration.',
  EACCES: 'this user may not. Ports below 1024 need a right of their own.',
  EADDRNOTAVAIL: 'this machine has no such address. Choose another with --host or in the configuration.',
  ENOTFOUND: 'the name has no address.',
}

/** Tells an address that cannot be listened on from everything else that can go wrong at the start. */
export function listenFault(error: unknown): unknown {
  const { syscall, code = '', address, hostname, port, message } = error as ListenError
  // `bind` is what a worker says, for whom another process listens.
  if (syscall === undefined || !['listen', 'bind', 'getaddrinfo'].includes(syscall)) return error
  const place = [address ?? hostname, port].filter((part) => part !== undefined).join(':')
  return new HeadgateError('HEADGATE_CANNOT_LISTEN', {
    message: `Cannot listen on ${place}: ${listenReasons[code] ?? message}`,
    cause: error,
  })
}

interface ListenError extends NodeJS.ErrnoException {
  address?: string
  hostname?: string
  port?: number
}
