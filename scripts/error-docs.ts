import { errorCodes } from '../src/errors.ts'
import { cell, table } from './markdown.ts'

const introduction = `# Error codes

*This page is made from \`src/errors.ts\` by \`npm run docs\`.*

An error that the gateway makes is JSON with \`statusCode\`, \`code\`, \`error\`, \`message\` and \`requestId\`, and carries the
field \`Proxy-Status\` (RFC 9209) where there is a type for it. It never names the address of a server. A code keeps its
meaning for ever.
`

/** docs/errors.md, from the table of codes. */
export function errorDocs(): string {
  const codes: [string, { status: number; message: string; proxyStatus?: string }][] =
    Object.entries(errorCodes)
  const sent = codes.filter(([, { status }]) => status !== 0)
  const unsent = codes.filter(([, { status }]) => status === 0)
  return [
    introduction,
    '## In answers to clients\n',
    table(
      ['code', 'status', 'Proxy-Status', 'message'],
      sent.map(([code, { status, message, proxyStatus = '' }]) => [
        `\`${code}\``,
        String(status),
        proxyStatus === '' ? '' : `\`${proxyStatus}\``,
        cell(message),
      ]),
    ),
    '\n## At the start, in the log and in code\n',
    table(
      ['code', 'message'],
      unsent.map(([code, { message }]) => [`\`${code}\``, cell(message)]),
    ),
    '',
  ].join('\n')
}
