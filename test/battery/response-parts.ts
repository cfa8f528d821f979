import type { ResponseCase } from './case.ts'

export const ok = (...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}Content-Length: 2\r\n\r\nok`
export const bad = (
  name: string,
  bytes: ResponseCase['bytes'],
  others: Partial<ResponseCase> = {},
): ResponseCase => ({
  name: `response: ${name}`,
  bytes,
  status: 502,
  hasNot: 'poison',
  ...others,
})
export const good = (
  name: string,
  bytes: ResponseCase['bytes'],
  others: Partial<ResponseCase> = {},
): ResponseCase => ({
  name: `response: ${name}`,
  bytes,
  status: 200,
  body: 'ok',
  ...others,
})
export const cut = (
  name: string,
  bytes: ResponseCase['bytes'],
  others: Partial<ResponseCase> = {},
): ResponseCase => ({
  name: `response: ${name}`,
  bytes,
  status: 200,
  isCut: true,
  ...others,
})
export const head = 'HTTP/1.1 200 OK\r\n'
export const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
