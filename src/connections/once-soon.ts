/** Runs a task once when the work at hand is done, however often it is asked to until then. */
export class OnceSoon {
  readonly #task: () => void
  #isAsked = false

  constructor(task: () => void) {
    this.#task = task
  }

  ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    queueMicrotask(this.#run)
  }

  readonly #run = (): void => {
    this.#isAsked = false
    this.#task()
  }
}
