import { readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { ConfigError } from '../../common/errors.ts'
import { below, lines, type Printable, printableCsv } from '../../common/printable.ts'
import type { Answer, AnswerKind } from '../../load/inspection.ts'
import type { App } from '../app.ts'
import type { Look } from '../look.ts'
import { tableWidth, textEntries, textRecords, textTable } from '../text-table.ts'
import type { Result } from './result.ts'

export interface Asked {
  /** The query, or with `list` the name of a table or view. */
  readonly argument: string | null
  /** File that the query is in. */
  readonly file: string | null
  /** Show tables and views in place of running a query. */
  readonly list: boolean
  readonly csv: boolean
}

/** Where the query may come from, and where the answer goes. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: { readonly isTTY?: boolean }
}

/** Answers one query on the warehouse. Writes nothing. */
export async function query(app: App, asked: Asked, { stdin, stdout }: Terminal, signal: AbortSignal): Promise<Result> {
  const { argument, file, list, csv } = asked
  const question = list ? null : await questionIn(argument, file, stdin)
  await using destination = await app.openForReaders()
  const answer = question === null ? await destination.list(argument) : await destination.answer(question, signal)
  const { columns, rows } = answer
  const names = columns.map(({ name }) => name)
  return {
    code: 0,
    json: records(answer),
    text: csv
      ? printableCsv([names, ...rows], stdout.isTTY === true)
      : below(tableOf(answer, list, app.look), ...(rows.length === 0 ? [lines('(no rows)')] : [])),
  }
}

/**
 * A terminal that has no room for the table gets a block of lines for each row, or of a list two lines. A pipe or a file gets
 * the table as it is.
 */
function tableOf({ columns, rows }: Answer, isList: boolean, look: Look): Printable {
  const names = columns.map(({ name }) => name)
  if (look.isTerminal && rows.length > 0 && tableWidth(names, rows) > look.width)
    return isList ? textEntries(rows, look) : textRecords(names, rows, look)
  return textTable(
    names,
    rows,
    columns.map(({ kind }) => isNumber(kind)),
    (text, row) => (row < 0 ? look.paint('head', text) : text),
  )
}

const isNumber = (kind: AnswerKind): boolean => kind === 'integer' || kind === 'decimal' || kind === 'float'

/** @throws {ConfigError} there is no query, or more than one. */
async function questionIn(argument: string | null, file: string | null, stdin: NodeJS.ReadStream): Promise<string> {
  const refuse = (message: string): never => {
    throw new ConfigError('the command line', [{ path: 'query', line: null, message }])
  }
  if (argument !== null && file !== null) return refuse('give the query or --file, not both')
  if (file !== null)
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      return refuse(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  if (argument !== null && argument !== '-') return argument
  if (stdin.isTTY) return refuse('give a query in quotes, --file, or a query on stdin; --list shows what can be asked')
  const question = await readAll(stdin)
  return question.trim() === '' ? refuse('there is no query, neither as an argument nor on stdin') : question
}

/**
 * A record for each row. An integer is a number as long as a float holds it exactly, and text beyond that; a decimal is
 * text with all its digits, so that no reader makes a float of money.
 */
function records({ columns, rows }: Answer): readonly Readonly<Record<string, unknown>>[] {
  const names = distinct(columns.map(({ name }) => name))
  return rows.map(row =>
    Object.fromEntries(row.map((value, at) => [names[at], jsonValue(value, columns[at]?.kind ?? 'text')])),
  )
}

function jsonValue(value: string | null, kind: AnswerKind): unknown {
  if (value === null || kind === 'text' || kind === 'decimal') return value
  if (kind === 'boolean') return value === 'true'
  const number = Number(value)
  const isExact = kind === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number)
  return isExact ? number : value
}

/** The second column named `n` becomes `n_2`. */
function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map(name => {
    let free = name
    for (let n = 2; seen.has(free) || (free !== name && taken.has(free)); n += 1) free = `${name}_${n}`
    seen.add(free)
    return free
  })
}
