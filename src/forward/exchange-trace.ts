import type { AttemptRequest } from './attempt.ts'

/** Who follows an exchange closely, to tell where its time goes. */
export interface ExchangeTrace {
  /** The request waits for a slot; `onWaited` follows. */
  onWait(): void
  /** @param refusal the code of the error, where the wait was in vain */
  onWaited(refusal?: string): void
  /**
   * An attempt begins; `onAttemptEnd` follows.
   *
   * @param server `host:port`
   * @param number 1 for the first
   * @returns the request as it is to be sent, with other fields perhaps
   */
  onAttempt(request: AttemptRequest, server: string, number: number): AttemptRequest
  onHead(statusCode: number): void
  onAttemptEnd(outcome: string): void
}
