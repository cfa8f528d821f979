/** What can stand in an {@link IdleLine}: the links are on the record itself, so that a turn allocates nothing. */
export interface InLine<T> {
  before: T | undefined
  after: T | undefined
}

/** Idle connections in the order in which they became idle: the first has rested longest and is the next to be used. */
export class IdleLine<T extends InLine<T>> {
  #first: T | undefined
  #last: T | undefined

  get first(): T | undefined {
    return this.#first
  }

  push(item: T): void {
    item.before = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.after = item
    this.#last = item
  }

  /** Takes out an item that stands in this line. */
  remove(item: T): void {
    if (item.before === undefined) this.#first = item.after
    else item.before.after = item.after
    if (item.after === undefined) this.#last = item.before
    else item.after.before = item.before
    item.before = undefined
    item.after = undefined
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#first; item !== undefined; item = item.after) yield item
  }
}
