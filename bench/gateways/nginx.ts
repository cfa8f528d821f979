import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf, versionOf } from '../machine/installed.ts'
import type { Gateway, Setup } from './gateway.ts'

/** Started by root, nginx works as somebody else, who may not see the files of the bench. */
export const asOwner = process.getuid?.() === 0 ? 'user root root;' : ''

export interface NginxOptions {
  name: string
  /** Write access lines, to /dev/null. Default true, as nginx itself. */
  hasAccessLog?: boolean
  /** The line that chooses the method of its upstream. Default: weighted round robin. */
  balance?: string
}

/** nginx with one worker, connections to servers kept, and nothing written to disk on a request's way. */
export function nginx({ name, hasAccessLog = true, balance = '' }: NginxOptions): Gateway {
  function configure(setup: Setup): void {
    writeFileSync(join(setup.folder, 'nginx.conf'), configuration(setup, hasAccessLog, balance))
  }
  return {
    name,
    canCache: true,
    baseline: hasAccessLog ? 'nginx' : 'nginx, no log',
    version: () => versionOf('nginx', ['-v'], /nginx\/([\d.]+)/),
    launch(setup) {
      for (const folder of ['temp', 'cache']) mkdirSync(join(setup.folder, folder), { recursive: true })
      configure(setup)
      return {
        command: pathOf('nginx') as string,
        args: ['-p', setup.folder, '-c', join(setup.folder, 'nginx.conf'), '-e', 'error.log'],
      }
    },
    relist(setup, signal) {
      configure(setup)
      signal('SIGHUP')
    },
  }
}

function configuration(setup: Setup, hasAccessLog: boolean, balance: string): string {
  const { port, origins, tls, cache = false, maxAge, routes = ['/'] } = setup
  const servers = origins
    .filter(({ isListed = true }) => isListed)
    .map((origin) => `    server ${origin.host}:${origin.port} weight=${origin.slots ?? 1};`)
  return `daemon off;
${asOwner}
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr error;
events { worker_connections 15000; }
http {
  access_log ${hasAccessLog ? '/dev/null combined' : 'off'};
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=1000;
  proxy_max_temp_file_size 0;
  proxy_cache_path cache keys_zone=assets:16m inactive=1h;
  upstream app {
    ${balance}
${servers.join('\n')}
    keepalive ${Math.max(128, 2 * origins.length)};
    keepalive_requests 1000000;
    ${maxAge === undefined ? '' : `keepalive_time ${maxAge}ms;`}
  }
  server {
    listen 127.0.0.1:${port} ${tls === undefined ? '' : 'ssl http2 '}backlog=4096;
${tls === undefined ? '' : certificate(tls)}${routes.map((path) => location(path, cache)).join('\n')}
  }
}
`
}

function certificate({ cert, key }: NonNullable<Setup['tls']>): string {
  return `    ssl_certificate ${cert};
    ssl_certificate_key ${key};
`
}

function location(path: string, cache: boolean): string {
  return `    location ${path} {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
      ${cache ? 'proxy_cache assets;' : ''}
    }`
}
