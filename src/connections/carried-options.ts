import type { Dispatcher } from 'undici'

/** The options of one request, in an object that is filled anew for each: undici reads it and keeps nothing of it. */
export interface CarriedOptions extends Omit<Dispatcher.DispatchOptions, 'path' | 'method' | 'reset'> {
  path: string | undefined
  method: string | undefined
  reset: boolean | undefined
  servername: string
}

/** Empty, for connections to this origin. */
export function carriedBy(origin: URL): CarriedOptions {
  return {
    path: undefined,
    method: undefined,
    headers: undefined,
    body: undefined,
    query: undefined,
    idempotent: undefined,
    blocking: undefined,
    upgrade: undefined,
    headersTimeout: undefined,
    bodyTimeout: undefined,
    expectContinue: undefined,
    typeOfService: undefined,
    reset: undefined,
    // Always the same: undici gives the socket up when the name changes, as it would with each Host field.
    servername: origin.hostname,
  } as unknown as CarriedOptions
}

/** Takes over what a request asks for. */
export function fill(carried: CarriedOptions, options: Dispatcher.DispatchOptions): void {
  carried.path = options.path
  carried.method = options.method
  carried.headers = options.headers as NonNullable<typeof options.headers>
  carried.body = options.body as NonNullable<typeof options.body>
  carried.query = options.query as NonNullable<typeof options.query>
  carried.idempotent = options.idempotent as boolean
  carried.blocking = options.blocking as boolean
  carried.upgrade = options.upgrade as NonNullable<typeof options.upgrade>
  carried.headersTimeout = options.headersTimeout as number
  carried.bodyTimeout = options.bodyTimeout as number
  carried.expectContinue = options.expectContinue as boolean
  carried.typeOfService = options.typeOfService as number
}
