/** Something that holds a little back, in case more is about to come. */
export interface Flushable {
  flush(): void
}

let waiting: Flushable[] = []
let due: Flushable[] = []

/**
 * Flushes after the next turn of the event loop: one callback for all that wait, however many there are. By then it is
 * known that what came with the head was nonsense: a connection that is torn down says so one turn later.
 */
export function flushSoon(member: Flushable): void {
  if (waiting.push(member) === 1) setImmediate(advance)
}

function advance(): void {
  due = waiting
  waiting = []
  setImmediate(flushDue)
}

function flushDue(): void {
  const members = due
  due = []
  for (const member of members) member.flush()
}
