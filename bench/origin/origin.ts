import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asOwner } from '../gateways/nginx.ts'
import { Child } from '../machine/child.ts'
import { pathOf } from '../machine/installed.ts'
import { freePort, isListening } from '../machine/ports.ts'
import { cacheControl, content, filler } from './content.ts'

export interface RunningOrigin {
  port: number
  /** What it is: `nginx` or `node`. */
  kind: string
  /** CPU time that it has taken so far, ms. */
  cpuMs(): number
  stop(): Promise<void>
}

/** Starts the fastest origin at hand, on the load's core: nginx, or else a lean server of Node. It listens on all of 127/8. */
export async function startOrigin(folder: string): Promise<RunningOrigin> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const command = pathOf('nginx')
  const child =
    command === undefined
      ? new Child({ role: 'load', command: process.execPath, args: [nodeOrigin, String(port)], folder })
      : new Child({ role: 'load', command, args: configureNginx(folder, port), folder })
  if (!(await isListening(port, 5000, () => child.hasEnded))) {
    throw new Error(`The origin does not start: ${child.complaint}`)
  }
  return {
    port,
    kind: command === undefined ? 'node' : 'nginx',
    cpuMs: () => child.usage().cpuMs,
    stop: () => child.stop(),
  }
}

const nodeOrigin = fileURLToPath(new URL('node-origin.ts', import.meta.url))

function configureNginx(folder: string, port: number): string[] {
  const files = join(folder, 'files')
  mkdirSync(files)
  mkdirSync(join(folder, 'temp'))
  for (const { path, bytes } of [content.asset, content.large])
    writeFileSync(join(files, path), filler(bytes))
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(files, port))
  return ['-p', folder, '-c', file, '-e', 'error.log']
}

function configuration(files: string, port: number): string {
  return `daemon off;
${asOwner}
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr error;
events { worker_connections 19000; }
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=100;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  server {
    listen 0.0.0.0:${port} backlog=4096;
    root ${files};
    default_type text/plain;
    location = ${content.upload.path} { return 200 "ok"; }
    location = ${content.asset.path} { types { text/css css; } add_header Cache-Control "${cacheControl}"; }
    location = ${content.large.path} { }
    location ${content.assets.prefix} {
      types { } default_type text/css;
      add_header Cache-Control "${cacheControl}";
      return 200 "${filler(content.assets.bytes)}";
    }
    location / { return 200 "${filler(content.small.bytes)}"; }
  }
}
`
}
