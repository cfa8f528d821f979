import http from 'node:http'
import https from 'node:https'
import type { ServerSpec } from './server.ts'

const greatestBody = 65_536

export interface HttpProbeOptions {
  /** @default '/healthz' */
  path?: string | undefined
  /** For https servers, as `tls.connect` takes them: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized`. */
  tls?: https.RequestOptions | undefined
}

/**
 * A probe that GETs a path, on a connection of its own: an answer of 200 to 399 is well. Redirects are not followed,
 * and no more than 64 KiB of a body is read.
 */
export function createHttpProbe({ path = '/healthz', tls = {} }: HttpProbeOptions = {}) {
  return (spec: ServerSpec, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const options = {
        host: spec.host,
        port: spec.port,
        path,
        agent: false as const,
        signal,
        headers: { 'user-agent': 'headgate', accept: '*/*' },
      }
      const request =
        spec.protocol === 'https:'
          ? https.request({
              ...options,
              ...tls,
              servername: tls.servername ?? spec.servername ?? nameOf(spec),
            })
          : http.request(options)
      request.on('error', reject)
      request.on('response', (response) => {
        const { statusCode = 0 } = response
        let received = 0
        response.on('data', (chunk: Buffer) => {
          received += chunk.length
          if (received > greatestBody) finish()
        })
        response.on('end', finish)
        response.on('error', reject)
        function finish() {
          resolve(statusCode >= 200 && statusCode < 400)
          request.destroy()
        }
      })
      request.end()
    })
}

/** SNI takes no address. */
function nameOf(spec: ServerSpec): string {
  return /^[\d.]+$|:/.test(spec.host) ? '' : spec.host
}
