import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { PluginConfig } from './config/schema.ts'
import { HeadgateError } from './errors.ts'

/** A plugin of the configuration, loaded and not yet registered. */
export interface LoadedPlugin {
  module: string
  plugin: FastifyPluginAsync
  options: Record<string, unknown>
  /** The paths that it is confined to; absent = all. */
  prefix: string | undefined
}

/**
 * Loads the plugins of a configuration. Their hooks are meant for what is forwarded, so that none is confined to a
 * scope of its own, whether it is wrapped by fastify-plugin or not; a prefix confines it.
 *
 * @param folder what the names of packages are resolved from
 * @throws HeadgateError `HEADGATE_PLUGIN_FAILED`, which names the plugin and what to do
 */
export function loadPlugins(plugins: readonly PluginConfig[], folder: string): Promise<LoadedPlugin[]> {
  return Promise.all(
    plugins.map(async ({ module, options, prefix }) => {
      const plugin = await importPlugin(module, folder)
      const isShared = (plugin as { [skipOverride]?: boolean })[skipOverride] === true
      return { module, plugin: isShared ? plugin : fp(plugin), options, prefix }
    }),
  )
}

/** Registers plugins in their order. */
export async function registerPlugins(app: FastifyInstance, plugins: readonly LoadedPlugin[]): Promise<void> {
  for (const { module, plugin, options } of plugins) {
    try {
      await app.register(plugin, options)
    } catch (cause) {
      throw failed(
        module,
        `it failed while it was registered: ${messageOf(cause)}. Look at its options.`,
        cause,
      )
    }
  }
}

/**
 * Mounts plugins that have a prefix: each prefix is a scope, within that of the prefix above it, with its plugins and
 * with the routes that they guard.
 *
 * @param base the prefix of the scope, empty at the top
 */
export async function mountPlugins(
  scope: FastifyInstance,
  plugins: readonly LoadedPlugin[],
  addRoutes: (scope: FastifyInstance) => void,
  base = '',
): Promise<void> {
  const prefixes = [...new Set(plugins.map(({ prefix }) => prefix as string))]
  for (const prefix of prefixes.filter((one) => !prefixes.some((other) => isBelow(one, other)))) {
    await scope.register(
      async (inner) => {
        await registerPlugins(
          inner,
          plugins.filter((plugin) => plugin.prefix === prefix),
        )
        const deeper = plugins.filter((plugin) => isBelow(plugin.prefix as string, prefix))
        await mountPlugins(inner, deeper, addRoutes, prefix)
        addRoutes(inner)
      },
      { prefix: prefix.slice(base.length) },
    )
  }
}

function isBelow(prefix: string, other: string): boolean {
  return prefix.startsWith(`${other}/`)
}

const skipOverride = Symbol.for('skip-override')

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
