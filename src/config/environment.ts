import { isIP } from 'node:net'
import { ConfigError, type ConfigFault, describe } from './faults.ts'
import { isHostName } from './schema/network.ts'
import type { ConfigInput } from './schema.ts'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables that configure a gateway without a file. The first three must be there. */
export const environmentVariables = {
  HOST_PORT_HTTP_BALANCER: 'a port to serve on, a whole number from 1 to 65535',
  HOST_PORT_WS_DEPLOYMENT_AGENT: 'the port of the deployment agent, a whole number from 1 to 65535',
  TARGET_PORT: 'the port of every server, a whole number from 1 to 65535',
  CACHE_CAPACITY: 'the number of answers that the cache keeps, a whole number, 0 for no cache',
  REQUEST_TIMEOUT: 'the time limit of a request in seconds, a number above 0 such as 60',
  DEPLOYMENT_AGENT_HOST: 'the host of the deployment agent, a name or an address without port',
} as const

type Variable = keyof typeof environmentVariables

/** Whether the environment was meant to configure a gateway: one of the five variables is set. */
export function isConfiguredBy(environment: Environment): boolean {
  return Object.keys(environmentVariables).some(
    (name) => name !== 'DEPLOYMENT_AGENT_HOST' && isSet(environment[name]),
  )
}

/**
 * One upstream, found by the deployment agent, one route `/`, and the cache for static assets.
 *
 * @throws ConfigError that names each variable that is missing or malformed
 */
export function readEnvironment(environment: Environment): ConfigInput {
  const faults: ConfigFault[] = []
  const read = <Value>(name: Variable, parse: (text: string) => Value | undefined, absent?: Value): Value => {
    const text = environment[name]
    const value = isSet(text) ? parse(text.trim()) : absent
    if (value === undefined) {
      const found = isSet(text) ? describe(text) : 'nothing'
      faults.push({ path: name, found, expected: environmentVariables[name] })
    }
    return value as Value
  }

  const port = read('HOST_PORT_HTTP_BALANCER', toPort)
  const agentPort = read('HOST_PORT_WS_DEPLOYMENT_AGENT', toPort)
  const targetPort = read('TARGET_PORT', toPort)
  const capacity = read('CACHE_CAPACITY', toCount, 10_000)
  const timeout = read('REQUEST_TIMEOUT', toMilliseconds, 60_000)
  const agentHost = read('DEPLOYMENT_AGENT_HOST', toHost, 'deployment-agent')
  if (faults.length > 0) throw new ConfigError(faults, 'the environment')

  return {
    server: { port },
    upstreams: {
      app: {
        discovery: { kind: 'agent', url: `ws://${agentHost}:${agentPort}/ws`, port: targetPort },
        timeouts: { request: timeout },
      },
    },
    routes: [{ path: '/', upstream: 'app' }],
    cache: capacity === 0 ? { mode: 'off' } : { mode: 'static', maxEntries: capacity },
  }
}

/** Compose and shells give empty text for a variable that nobody has set. */
function isSet(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== ''
}

function toPort(text: string): number | undefined {
  const port = toCount(text)
  return port !== undefined && port >= 1 && port <= 65_535 ? port : undefined
}

function toCount(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function toMilliseconds(text: string): number | undefined {
  const milliseconds = /^\d{1,6}(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : 0
  return milliseconds > 0 ? milliseconds : undefined
}

function toHost(text: string): string | undefined {
  if (isIP(text) === 6) return `[${text}]`
  return isIP(text) === 4 || isHostName(text) ? text : undefined
}
