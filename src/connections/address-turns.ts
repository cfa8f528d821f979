import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** `dns.lookup`, as far as it is used here: every address of a name. */
export type LookUpAll = (
  name: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * A look-up for `net.connect` that begins with another address of the name each time, so that the connections to a name
 * with several addresses stand evenly on all of them, whatever order the answers come in. The others follow, for
 * where the first cannot be reached. The name is looked up anew for each connection.
 */
export function addressesInTurn(lookUp: LookUpAll = systemLookup): LookupFunction {
  let turn = 0
  return (name, options, callback) => {
    lookUp(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '')
      const addresses = found.toSorted((a, b) => a.family - b.family || (a.address < b.address ? -1 : 1))
      // Those of the family that the system puts first stay first.
      const preferred = addresses.filter(({ family }) => family === found[0]?.family)
      const others = addresses.filter(({ family }) => family !== found[0]?.family)
      const first = turn++ % Math.max(1, preferred.length)
      const inTurn = [...preferred.slice(first), ...preferred.slice(0, first), ...others]
      if (options.all) return callback(null, inTurn)
      const [{ address, family } = { address: '', family: 4 }] = inTurn
      callback(null, address, family)
    })
  }
}
