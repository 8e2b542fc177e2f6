import { createHash } from 'node:crypto'
import { type Column, type ColumnKind, type Columns, text } from './column.ts'
import { columnName, identifier } from './name.ts'
import type { Child, Stream } from './stream.ts'
import { allTables, tablesOf } from './table.ts'

/** A column that was added for an unknown field. */
export interface InferredColumn {
  readonly table: string
  readonly column: string
  /** Dotted path in the record, or in the element of the list whose table it is. */
  readonly path: string
  readonly kind: ColumnKind
}

/** The stream with its inferred columns. An inferred column whose path is declared by now is left out. */
export function withInferred(stream: Stream, inferred: readonly InferredColumn[]): Stream {
  const names = new Set(allTables(stream).map(({ name }) => name))
  if (!inferred.some(({ table }) => names.has(table))) return stream
  const { root, children: lists } = tablesOf(stream)
  const listPaths = Object.values(stream.children).map(({ from }) => from)
  const more = (table: string, declared: Columns): Columns => {
    const paths = [...pathsOf(declared), ...(table === root.name ? listPaths : [])]
    const added = inferred.filter(
      column => column.table === table && !isDeclared(column.path, paths) && !Object.hasOwn(declared, column.column),
    )
    return { ...declared, ...Object.fromEntries(added.map(column => [column.column, columnOf(column)])) }
  }
  const children = lists.map(({ child, table }): [string, Child] => {
    const declared = stream.children[child] as Child
    return [child, { ...declared, columns: more(table.name, declared.columns) }]
  })
  return {
    ...stream,
    columns: more(root.name, stream.columns),
    children: Object.fromEntries(children),
    declared: stream.declared ?? stream,
  }
}

const columnOf = ({ kind, path }: InferredColumn): Column => ({
  ...text(
    `What the API sends as ${path}, a field that is not declared. The type follows from the values that were read first.`,
    path,
  ),
  kind,
  personal: true,
  inferred: true,
})

const pathsOf = (declared: Columns): string[] =>
  Object.entries(declared).flatMap(([name, { from, also }]) => [from ?? name, ...also])

const isDeclared = (path: string, declared: readonly string[]): boolean =>
  declared.some(known => known === path || known.startsWith(`${path}.`) || path.startsWith(`${known}.`))

/** A name for the column of a path that both databases accept and no other column has. */
export function inferredName(path: string, taken: ReadonlySet<string>): string {
  const plain = columnName(path)
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+/, '')
  const safe = /^[a-z]/.test(plain) ? plain : `field_${plain}`
  const name = identifier(safe)
  return taken.has(name) ? identifier(`${safe}_${createHash('sha256').update(path).digest('hex').slice(0, 8)}`) : name
}
