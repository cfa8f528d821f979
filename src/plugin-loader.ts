import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { PluginConfig } from './config/schema.ts'
import { HeadgateError } from './errors.ts'

/**
 * Loads the plugins of a configuration and registers them in their order.
 *
 * @param folder what the names of packages are resolved from
 * @throws HeadgateError `HEADGATE_PLUGIN_FAILED`, which names the plugin and what to do
 */
export async function loadPlugins(
  app: FastifyInstance,
  plugins: readonly PluginConfig[],
  folder: string,
): Promise<void> {
  for (const { module, options, prefix } of plugins) {
    const plugin = await importPlugin(module, folder)
    try {
      await app.register(plugin, { ...options, ...(prefix !== undefined && { prefix }) })
    } catch (cause) {
      throw failed(
        module,
        `it failed while it was registered: ${messageOf(cause)}. Look at its options.`,
        cause,
      )
    }
  }
}

async function importPlugin(module: string, folder: string): Promise<FastifyPluginAsync> {
  let loaded: { default?: unknown }
  try {
    loaded = await import(locate(module, folder))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    throw failed(
      module,
      isMissing
        ? `it is not there: ${messageOf(cause)}. Install the package beside the configuration, or correct the path.`
        : `an error while it was loaded: ${messageOf(cause)}`,
      cause,
    )
  }
  const plugin = interop(loaded)
  if (typeof plugin !== 'function') {
    throw failed(
      module,
      'its default export is not a function. A Fastify plugin exports one: (app, options) => ...',
    )
  }
  return plugin as FastifyPluginAsync
}

/** A CommonJS package that was compiled from a module has its function one level down. */
function interop(loaded: { default?: unknown }): unknown {
  const { default: value } = loaded
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : value
}

function locate(module: string, folder: string): string {
  if (isAbsolute(module)) return pathToFileURL(module).href
  return pathToFileURL(createRequire(join(folder, 'headgate')).resolve(module)).href
}

function failed(module: string, why: string, cause?: unknown): HeadgateError {
  return new HeadgateError('HEADGATE_PLUGIN_FAILED', {
    message: `The plugin ${module} cannot be used: ${why}`,
    cause,
  })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n')[0] as string) : String(cause)
}
