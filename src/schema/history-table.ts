import { childName, identifier } from './name.ts'
import type { Stream } from './stream.ts'
import { type Table, type TableColumn, tablesOf } from './table.ts'

/** Last part of the table's name. No list of a stream may have this name. */
export const HISTORY = 'history'

const time = (name: string, required: boolean, doc: string): TableColumn => ({ name, kind: 'instant', required, doc })

export const VALID_FROM = time(
  'valid_from',
  true,
  'From when this version is valid: when the record says that it changed, or else when it was read.',
)
export const VALID_TO = time(
  'valid_to',
  false,
  'Until when this version was valid, exclusive: the start of the next version, or when the record was found to be deleted; null while it is current.',
)

/** The system columns of a version: the rest of what the API sent, and the hash by which versions differ. */
const KEPT_SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['_extra', '_hash'])
const isSystem = (name: string): boolean => name.startsWith('_')

/** The table with every version of a stream's rows. Only its key is required, because old versions may lack newer columns. */
export function historyTable(stream: Stream): Table {
  const { root } = tablesOf(stream)
  const own = root.columns.filter(({ name }) => !isSystem(name) || KEPT_SYSTEM_COLUMNS.has(name))
  return {
    name: identifier(childName(stream.name, HISTORY)),
    doc: `Every version of each row of ${stream.name} that was read, with the time for which it was valid.`,
    key: [...root.key, VALID_FROM.name],
    historyOf: stream.name,
    columns: [
      ...own.map(({ wasRequired: _, ...column }) => ({
        ...column,
        required: column.required && root.key.includes(column.name),
      })),
      VALID_FROM,
      VALID_TO,
    ],
  }
}
