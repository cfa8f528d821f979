import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { type StartedGateway, startGateway } from './gateway.ts'

/** What changes anything on an admin port of the tests needs it. */
export const adminToken = 'a-token-that-nobody-guesses'

export interface StartedAdmin {
  gateway: StartedGateway
  url: string
  /** Does something with the token, and gives the answer. */
  change(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

/** A gateway with an admin port. */
export async function startAdmin(
  t: TestContext,
  config: ConfigInput,
  admin: Partial<NonNullable<ConfigInput['admin']>> = {},
): Promise<StartedAdmin> {
  const gateway = await startGateway(t, {
    ...config,
    admin: { host: '127.0.0.1', port: 0, token: adminToken, ...admin },
  })
  const url = `http://127.0.0.1:${(gateway.app.admin.server.address() as AddressInfo).port}`
  return {
    gateway,
    url,
    change: (method, path, body, headers = {}) =>
      fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}
