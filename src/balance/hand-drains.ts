import type { ServerSpec } from './server.ts'

/** The servers of an upstream that an operator has drained: as if their source said SUNDOWN, until it is taken back. */
export class HandDrains {
  readonly #names = new Set<string>()

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Returns false where it is so already. */
  set(name: string, isDrained: boolean): boolean {
    if (this.#names.has(name) === isDrained) return false
    if (isDrained) this.#names.add(name)
    else this.#names.delete(name)
    return true
  }

  /** A list of the source as it is to be used. */
  override(specs: readonly ServerSpec[]): readonly ServerSpec[] {
    if (this.#names.size === 0) return specs
    return specs.map((spec) => (this.#names.has(spec.name) ? { ...spec, draining: true } : spec))
  }
}
