import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { AttemptRequest } from '../forward/attempt.ts'
import type { ExchangeTrace } from '../forward/exchange-trace.ts'
import type { FlatHeaders } from '../forward/sink.ts'

/** How a request ended. */
export interface RequestEnd {
  /** Of the span: method and route. */
  name: string
  status: number
  attributes: Attributes
  /** The code of an error that the gateway made, or what else went wrong. */
  error?: string | undefined
}

/**
 * The spans of one request: its own, one for each wait in the queue, and one for each attempt on a server, whose
 * context goes to that server.
 */
export class RequestTrace implements ExchangeTrace {
  /** What spans of plugins are children of. */
  readonly context: Context
  readonly #tracer: Tracer
  readonly #span: Span
  #wait: Span | undefined
  #attempt: Span | undefined

  /** @param name until a route is known
   * @param parent the context that the client has sent */
  constructor(tracer: Tracer, parent: Context, name: string, attributes: Attributes) {
    this.#tracer = tracer
    this.#span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
    this.context = trace.setSpan(parent, this.#span)
  }

  onWait(): void {
    this.#wait = this.#tracer.startSpan('queue', { kind: SpanKind.INTERNAL }, this.context)
  }

  onWaited(refusal?: string): void {
    if (refusal !== undefined) fail(this.#wait, refusal)
    this.#wait?.end()
    this.#wait = undefined
  }

  onAttempt(request: AttemptRequest, server: string, number: number): AttemptRequest {
    const span = this.#tracer.startSpan(
      request.method,
      { kind: SpanKind.CLIENT, attributes: attemptAttributes(request, server, number) },
      this.context,
    )
    this.#attempt = span
    const fields: Record<string, string> = {}
    propagation.inject(trace.setSpan(this.context, span), fields)
    return { ...request, headers: replaced(request.headers, fields) }
  }

  onHead(status: number): void {
    this.#attempt?.setAttribute('http.response.status_code', status)
    // A server that answers has been reached; only its own failure is one (semantic conventions for HTTP).
    if (status >= 400) fail(this.#attempt, String(status))
  }

  onAttemptEnd(outcome: string): void {
    if (outcome !== 'success' && outcome !== 'server_error') fail(this.#attempt, outcome)
    this.#attempt?.end()
    this.#attempt = undefined
  }

  end({ status, attributes, error, name }: RequestEnd): void {
    this.#span.updateName(name)
    this.#span.setAttributes({ ...attributes, 'http.response.status_code': status })
    if (status >= 500) fail(this.#span, error ?? String(status))
    this.#span.end()
  }
}

/** The context that a request has brought. */
export function incomingContext(headers: Record<string, unknown>): Context {
  return propagation.extract(context.active(), headers)
}

function attemptAttributes({ method }: AttemptRequest, server: string, number: number): Attributes {
  const colon = server.lastIndexOf(':')
  return {
    'http.request.method': method,
    'server.address': server.slice(0, colon),
    'server.port': Number(server.slice(colon + 1)),
    ...(number > 1 && { 'http.request.resend_count': number - 1 }),
  }
}

function fail(span: Span | undefined, type: string): void {
  span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR })
}

/** Fields with others in their place; what was not there comes at the end. */
function replaced(headers: FlatHeaders, fields: Readonly<Record<string, string>>): FlatHeaders {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (!Object.hasOwn(fields, name.toLowerCase())) kept.push(name, headers[index + 1] as string)
  }
  for (const [name, value] of Object.entries(fields)) kept.push(name, value)
  return kept
}
