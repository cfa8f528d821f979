import type { Config } from '../schema.ts'

/** A configuration of which some parts may be missing, because they had faults of their own and were left out. */
export type Sound = Partly<Config>

type Partly<Type> = Type extends readonly (infer Item)[]
  ? (Partly<Item> | undefined)[]
  : Type extends object
    ? { [Key in keyof Type]?: Partly<Type[Key]> | undefined }
    : Type

export type SoundUpstream = NonNullable<NonNullable<Sound['upstreams']>[string]>
export type SoundRoute = NonNullable<NonNullable<Sound['routes']>[number]>

/** Whether weights were given, and all of them are 0, so that nobody would get a request. */
export function isAllZero(items: readonly ({ weight?: number | undefined } | undefined)[]): boolean {
  return items.length > 0 && items.every((item) => item?.weight === 0)
}
