import test, { type TestContext } from 'node:test'
import type { Driver, RecyclingPoolOptions } from '../../../src/connections/pool-options.ts'
import { RecyclingPool } from '../../../src/connections/recycling-pool.ts'

const drivers: readonly Driver[] = ['headgate', 'undici']
const driverOf = new WeakMap<TestContext, Driver>()

/** A test that whatever speaks HTTP over the connections of a pool has to pass. */
export function perDriver(name: string, run: (t: TestContext) => void | Promise<void>): void {
  for (const driver of drivers) {
    test(`${name} (${driver})`, (t) => {
      driverOf.set(t, driver)
      return run(t)
    })
  }
}

/** A pool with the driver that this test is about. */
export function newPool(t: TestContext, origin: string, options: RecyclingPoolOptions = {}): RecyclingPool {
  return new RecyclingPool(origin, { driver: driverOf.get(t), ...options })
}
