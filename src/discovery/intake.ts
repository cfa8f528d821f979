import type { ListFault, ParsedList } from './agent-protocol.ts'
import type { FaultLog } from './events.ts'
import type { MessageResult, Roster } from './roster.ts'

const listFaults = [
  'binary',
  'too_large',
  'not_json',
  'not_list',
  'too_many',
  'no_valid_item',
] as const satisfies ListFault[]

/** Offers what a message held to the roster, counts it, and tells of its faults. */
export function takeList(
  list: ParsedList,
  roster: Roster,
  faults: FaultLog,
  { validForMs = 0, reason }: { validForMs?: number; reason?: string } = {},
): MessageResult {
  if (list.skipped > 0) {
    faults.report({ kind: 'items_skipped', count: list.skipped, items: list.faults })
  }
  if (list.fault !== undefined) {
    roster.messages[list.fault]++
    const event = { kind: 'list_ignored', fault: list.fault } as const
    faults.report(reason === undefined ? event : { ...event, reason }, list.fault)
    return list.fault
  }
  for (const fault of listFaults) faults.clear(fault)
  if (list.skipped === 0) faults.clear('items_skipped')
  roster.skippedItems += list.skipped
  return roster.offer(list.servers, validForMs)
}
