import { QueryError } from '../../common/errors.ts'
import { VIEW_SCHEMAS } from '../../schema/view.ts'
import type { Answer, Queries } from '../inspection.ts'
import type { Context } from './context.ts'
import type { DescribedColumn } from './engine.ts'

/** How a statement begins that only reads. What hides behind it, as a DELETE does behind WITH, the database refuses. */
const READS = ['select', 'with', 'from', 'values', 'table', 'explain', 'show', 'describe', 'summarize', 'pivot']

/** Blanks and comments before the first word. */
const BEFORE = /^(?:[\s(;]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/

/** `Queries` for every database that has an `Engine`. */
export const createQueries = ({ engine, schema }: Context): Queries => {
  const views = Object.values(VIEW_SCHEMAS).map(ending => schema + ending)
  return {
    async answer(given, signal) {
      // A file may begin with a byte order mark.
      const question = given.replace(/^\ufeff/, '')
      const [first = ''] = /^\w*/.exec(question.replace(BEFORE, '')) ?? []
      if (first === '' && question.replace(BEFORE, '') === '') throw new QueryError('The query is empty.')
      if (!READS.includes(first.toLowerCase()))
        throw new QueryError(
          `A query begins with one of ${READS.join(', ')}, and this one with ${first === '' ? 'something else' : first}. \`query\` only reads.`,
          undefined,
          'Open the database with its own program to change it.',
        )
      return await engine.answer(question, [schema + VIEW_SCHEMAS.analytics, schema], signal)
    },

    async list(relation) {
      const columns = await engine.describeColumns([...views, schema])
      if (relation === null) return relations(columns)
      const [name = '', within] = relation.toLowerCase().split('.').reverse()
      const found = columns.filter(
        column =>
          column.relation.toLowerCase() === name && (within === undefined || column.schema.toLowerCase() === within),
      )
      if (found.length === 0)
        throw new QueryError(
          columns.length === 0
            ? `There is no table in schema ${schema} that this user may read.`
            : `There is no table or view ${relation}.`,
          undefined,
          columns.length === 0 ? 'Run a sync first.' : 'Leave the name out to see all.',
        )
      return {
        columns: [text('relation'), text('column'), text('type'), text('what it is')],
        rows: found.map(each => [`${each.schema}.${each.relation}`, each.column, each.type, each.columnDoc]),
      }
    },
  }
}

function relations(columns: readonly DescribedColumn[]): Answer {
  const found = new Map<string, DescribedColumn & { count: number }>()
  for (const column of columns) {
    const name = `${column.schema}.${column.relation}`
    found.set(name, { ...column, count: (found.get(name)?.count ?? 0) + 1 })
  }
  return {
    columns: [text('relation'), text('kind'), { name: 'columns', kind: 'integer' }, text('what it is')],
    rows: [...found].map(([name, { kind, count, doc }]) => [name, kind, String(count), doc]),
  }
}

const text = (name: string): Answer['columns'][number] => ({ name, kind: 'text' })
