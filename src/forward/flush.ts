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

/** Something that is complete, and only has to be written. */
export interface Finishable {
  finish(): void
}

let complete: Finishable[] = []

/**
 * Finishes in this turn of the event loop, when all that has arrived was read. What leaves at once, one piece after the
 * other, wakes its reader once; each piece on its own would wake it again, which costs more than the writing.
 */
export function finishSoon(member: Finishable): void {
  if (complete.push(member) === 1) setImmediate(finishAll)
}

function finishAll(): void {
  const members = complete
  complete = []
  for (const member of members) member.finish()
}
