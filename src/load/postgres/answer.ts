import pg from 'pg'
import { Interrupted, QueryError } from '../../common/errors.ts'
import type { Answer, AnswerKind } from '../inspection.ts'
import type { RunningTransaction } from './locks.ts'

/** Types by their number in `pg_type`; all others are text. */
const KINDS: ReadonlyMap<number, AnswerKind> = new Map([
  [pg.types.builtins.BOOL, 'boolean'],
  [pg.types.builtins.INT2, 'integer'],
  [pg.types.builtins.INT4, 'integer'],
  [pg.types.builtins.INT8, 'integer'],
  [pg.types.builtins.NUMERIC, 'decimal'],
  [pg.types.builtins.FLOAT4, 'float'],
  [pg.types.builtins.FLOAT8, 'float'],
])

/** States in which the connection is gone or the server gives nothing to anybody: not what the statement says. */
const NOT_THE_STATEMENT = /^(08(?!P01)|53|57P)/

/** In place of the driver's parsers, which make floats of numbers. */
const asText = { getTypeParser: () => (text: string) => text }

/**
 * Runs one statement of a user's inside a transaction that was begun, and that cannot write from here on.
 * @param path schemas in which names without one are looked for.
 * @param cancel runs `cancelTransaction` on another connection.
 */
export async function answer(
  client: pg.ClientBase,
  question: string,
  path: readonly string[],
  signal: AbortSignal,
  cancel: (transaction: RunningTransaction) => void,
): Promise<Answer> {
  await client.query('set transaction read only')
  const { rows: running } = await client.query<RunningTransaction>(
    `select pg_backend_pid() as backend, cast(now() as text) as began,
       set_config('search_path', $1 || ', ' || current_setting('search_path'), true)`,
    [path.map(quote).join(', ')],
  )
  const stop = (): void => running.forEach(cancel)
  if (signal.aborted) throw new Interrupted()
  signal.addEventListener('abort', stop, { once: true })
  try {
    // The extended protocol takes one statement: a second one could end the transaction and write.
    const { fields, rows } = await client.query<(string | null)[]>({
      text: question,
      rowMode: 'array',
      types: asText,
      queryMode: 'extended',
    } as pg.QueryArrayConfig)
    const columns = fields.map(({ name, dataTypeID }) => ({ name, kind: KINDS.get(dataTypeID) ?? 'text' }))
    return {
      columns,
      rows: rows.map(row => row.map((value, at) => (columns[at]?.kind === 'boolean' ? flag(value) : value))),
    }
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    if (!(error instanceof pg.DatabaseError) || NOT_THE_STATEMENT.test(error.code ?? '')) throw error
    throw queryError(error, question)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const flag = (value: string | null): string | null => (value === null ? null : value === 't' ? 'true' : 'false')
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

function queryError(error: pg.DatabaseError, question: string): QueryError {
  const { code, message, hint, position } = error
  if (code === '42601' && /multiple commands/.test(message))
    return new QueryError('Give one statement.', error, 'Run several queries one after the other.')
  const shown = [
    message,
    ...(hint === undefined ? [] : [hint]),
    ...(position === undefined ? [] : ['', ...at(question, Number(position))]),
  ]
  return new QueryError(shown.join('\n'), error)
}

/** The line of the query that has the position, counted in characters from 1, and a mark below it. */
function at(question: string, position: number): string[] {
  const before = [...question]
    .slice(0, position - 1)
    .join('')
    .split('\n')
  const label = `LINE ${before.length}: `
  const mark = ' '.repeat(label.length + [...(before.at(-1) ?? '')].length)
  return [`${label}${question.split('\n')[before.length - 1] ?? ''}`, `${mark}^`]
}
