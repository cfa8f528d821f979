/** What can stand in a {@link TurnLine}: the links are on the record itself, so that a turn allocates nothing. */
export interface InLine<T> {
  before: T | undefined
  after: T | undefined
  isInLine: boolean
}

/** Those that can take a request, in the order in which they came to stand here: the first is the next to be used. */
export class TurnLine<T extends InLine<T>> {
  #first: T | undefined
  #last: T | undefined
  #length = 0

  get first(): T | undefined {
    return this.#first
  }

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    item.isInLine = true
    item.before = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.after = item
    this.#last = item
    this.#length++
  }

  /** Takes out an item that stands in this line. */
  remove(item: T): void {
    item.isInLine = false
    if (item.before === undefined) this.#first = item.after
    else item.before.after = item.after
    if (item.after === undefined) this.#last = item.before
    else item.after.before = item.before
    item.before = undefined
    item.after = undefined
    this.#length--
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#first; item !== undefined; item = item.after) yield item
  }
}
