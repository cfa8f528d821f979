/** An error that is answered with a status, a sentence and perhaps header fields. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(statusCode: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.statusCode = statusCode
    this.headers = headers
  }
}
