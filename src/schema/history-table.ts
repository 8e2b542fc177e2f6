import { childName, identifier } from './name.ts'
import type { Stream } from './stream.ts'
import { type Table, type TableColumn, tablesOf } from './table.ts'

/** Last part of the table's name; no list of a stream may be called so. */
export const HISTORY = 'history'

const time = (name: string, required: boolean, doc: string): TableColumn => ({ name, kind: 'instant', required, doc })

export const VALID_FROM = time(
  'valid_from',
  true,
  'Since when the record was so: its own time of change, or where that does not tell, when it was seen.',
)
export const VALID_TO = time(
  'valid_to',
  false,
  'Until when, this moment excluded: where the next version begins, or the record was found gone; null while it stands.',
)

/** What a version holds of the system columns: all that the API sent, and how two versions are told apart. */
const KEPT: ReadonlySet<string> = new Set(['_extra', '_hash'])
const isSystem = (name: string): boolean => name.startsWith('_')

/** The table that keeps every version of a stream's rows. Only its key is required: old rows may lack newer columns. */
export function historyTable(stream: Stream): Table {
  const { root } = tablesOf(stream)
  const own = root.columns.filter(({ name }) => !isSystem(name) || KEPT.has(name))
  return {
    name: identifier(childName(stream.name, HISTORY)),
    doc: `Every version that was seen of each row of ${stream.name}, with the time for which it stood.`,
    key: [...root.key, VALID_FROM.name],
    columns: [
      ...own.map(column => ({ ...column, required: column.required && root.key.includes(column.name) })),
      VALID_FROM,
      VALID_TO,
    ],
  }
}
