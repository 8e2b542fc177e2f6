import type { LogWriter } from '../common/log.ts'
import { below, beside, lines, type Printable } from '../common/printable.ts'
import type { StreamReport } from '../common/run-report.ts'
import { type Look, PLAIN, type Style } from './look.ts'
import { type Overall, overallText } from './progress-text.ts'
import { streamLine } from './report.ts'

/** The lines of the log as text, for a person. */
export const textWriter = (print: (text: Printable) => void, look: Look = PLAIN): LogWriter => ({
  write: line => print(logText(JSON.parse(line), look)),
})

type Event = Readonly<Record<string, unknown>>

const LEVEL: Readonly<Record<number, readonly [name: string, style: Style | null]>> = {
  10: ['trace', 'aside'],
  20: ['debug', 'aside'],
  30: ['info ', null],
  40: ['warn ', 'doubtful'],
  50: ['error', 'bad'],
}

/** One event of the log: when, how serious, and what. Lines of a stack follow it. */
export function logText(event: Event, { paint }: Look = PLAIN): Printable {
  const [level, style] = LEVEL[Number(event.level)] ?? [String(event.level), null]
  const time = lines(`${String(event.time).slice(0, 19)}Z `)
  const shown = lines(`${level} `)
  const stack = typeof event.stack === 'string' ? event.stack.split('\n').map(line => lines(`  ${line}`)) : []
  return below(beside(paint('aside', time), style ? paint(style, shown) : shown, textOf(event)), ...stack)
}

function textOf({ level: _, time: __, event, msg, stack: ___, ...rest }: Event): Printable {
  if (typeof msg === 'string') return lines(msg)
  switch (event) {
    case 'stream':
      return streamLine(rest as unknown as StreamReport)
    case 'progress':
      return progressText(rest as unknown as Overall & { readonly reading: readonly Reading[] })
    case 'token':
      return lines(
        `token: ${rest.name ?? 'accepted'}${Array.isArray(rest.scopes) ? `, with ${rest.scopes.length} scopes` : ''}`,
      )
    case 'schema':
      return lines(`tables: ${rest.statements} DDL statements were run`)
    case 'bug':
      return lines(`${rest.stream === undefined ? '' : `${rest.stream}: `}a bug in recharge-sync; please report it:`)
    case 'destination_retry':
      return lines(`destination: ${rest.message} (${rest.code}), try ${rest.tries}, the next in ${rest.wait_ms} ms`)
    default:
      return lines(`${event}: ${Object.entries(rest).map(field).join(', ')}`)
  }
}

interface Reading {
  readonly stream: string
  readonly records: number
  readonly expected: number | null
}

const progressText = ({ reading, ...all }: Overall & { readonly reading: readonly Reading[] }): Printable =>
  beside(
    overallText(all),
    lines(
      `; reading ${reading.map(({ stream, records, expected }) => `${stream} (${records}${expected ? ` of ${expected}` : ''})`).join(', ')}`,
    ),
  )

const field = ([name, value]: readonly [string, unknown]): string =>
  `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`
