import { createHash } from 'node:crypto'
import type { Column, ColumnKind, Columns, Policy, Reference, Zone } from './column.ts'
import { indexedColumns } from './indexed.ts'
import { childName, identifier } from './name.ts'
import type { Stream } from './stream.ts'

export interface TableColumn {
  readonly name: string
  readonly kind: ColumnKind
  readonly required: boolean
  /** What the value means, under which other names the API sends it, which values there are, what it joins to, and what is stored of it. */
  readonly doc: string
  /** Other names of the value; absent: it has none. */
  readonly also?: readonly string[]
  /** Absent: the values are stored unchanged. */
  readonly policy?: Exclude<Policy, 'keep'>
  /** The values that are known; absent: not listed. Others are stored too. */
  readonly values?: readonly string[]
  /** What the column joins to; absent: nothing. */
  readonly references?: readonly Reference[]
  /** Inferred for an unknown field. */
  readonly inferred?: true
  /** An older version made it NOT NULL, and a record may lack the value. */
  readonly wasRequired?: true
  /** The zone of times without an offset. Absent: US Eastern. */
  readonly zone?: Exclude<Zone, 'America/New_York'>
  /** Keeps a part of the value that another column keeps whole. */
  readonly derived?: true
  /** Members of the objects of a list in JSON; absent: they are not known. */
  readonly elements?: Columns
}

export interface Table {
  readonly name: string
  readonly doc: string
  readonly key: readonly string[]
  readonly columns: readonly TableColumn[]
  /** Columns that readers look rows up by, besides the first of the key. Absent: none. */
  readonly indexed?: readonly string[]
  /** Name of the stream whose own table it is, or the table of one of its lists. Absent: another kind of table. */
  readonly stream?: string
  /** Name of the stream whose versions it has. Absent: another kind of table. */
  readonly historyOf?: string
}

/** A stream's own table and those of its lists, in the order of the declaration. */
export interface StreamTables {
  readonly root: Table
  readonly children: readonly { readonly child: string; readonly table: Table }[]
}

/** Column of a child table: the position in the list, from 0. */
export const CHILD_INDEX = 'index'

const system = (kind: ColumnKind, required: boolean, doc: string): Omit<TableColumn, 'name'> => ({
  kind,
  required,
  doc,
})

/** The columns that every stream's table has besides the declared ones. */
export const SYSTEM_COLUMNS = {
  _synced_at: system('instant', true, 'When this row last changed in the warehouse. Set by the load.'),
  _deleted_at: system(
    'instant',
    false,
    'When the record was deleted at the source, where the record itself says so, else when that was found; null while it exists there.',
  ),
  _deleted_by: system(
    'text',
    false,
    'How the deletion was found: `absence` from a complete scan or list, an `event` that reported it, the `record` itself, which says when, or a `probe`, a request for the one record.',
  ),
  _extra: system(
    'json',
    false,
    'What no column holds of the record, inside the same objects as there: fields that the schema does not declare, and declared ones whose value does not fit.',
  ),
  _hash: system(
    'int',
    true,
    'Fingerprint of the record as flattened; equal means unchanged. For the load, not for joins.',
  ),
} as const satisfies Record<string, Omit<TableColumn, 'name'>>

/** Only tables of streams that can be imported have it. */
export const SOURCE: TableColumn = {
  name: '_source',
  ...system(
    'text',
    false,
    '`export` where the row was imported from an export of the merchant portal; null where the API gave it.',
  ),
}

const cache = new WeakMap<Stream, StreamTables>()

/** The tables of a stream. */
export function tablesOf(stream: Stream): StreamTables {
  const known = cache.get(stream)
  if (known) return known
  const cursor = stream.sync.mode === 'incremental' ? stream.sync.cursor : null
  const withIndexed = (table: Table): Table => ({ ...table, indexed: indexedColumns(table, cursor) })
  const root = withIndexed({
    name: identifier(stream.name),
    stream: stream.name,
    doc: stream.doc,
    key: stream.key.map(identifier),
    columns: [
      ...Object.entries(stream.columns).map(([name, column]) =>
        name === cursor ? { ...tableColumn(name, column), wasRequired: true as const } : tableColumn(name, column),
      ),
      ...Object.entries(SYSTEM_COLUMNS).map(([name, column]) => ({ name, ...column })),
      ...(stream.export === null ? [] : [SOURCE]),
    ],
  })
  const owner = identifier(`${stream.singular}_id`)
  const children = Object.entries(stream.children).map(([child, declared]) => ({
    child,
    table: withIndexed({
      name: identifier(childName(stream.name, child)),
      stream: stream.name,
      doc: declared.doc,
      key: [owner, CHILD_INDEX],
      columns: [
        {
          name: owner,
          kind: keyKind(stream),
          required: true,
          doc: `Key of the row in ${stream.name} that owns this one.`,
          references: [{ stream: stream.name, when: null }],
        },
        { name: CHILD_INDEX, kind: 'int' as const, required: true, doc: 'Place in the list, from 0.' },
        ...Object.entries(declared.columns).map(([name, column]) => tableColumn(name, column)),
      ],
    }),
  }))
  const tables = { root, children }
  cache.set(stream, tables)
  return tables
}

/** Every table of a stream, its own first. */
export function allTables(stream: Stream): readonly Table[] {
  const { root, children } = tablesOf(stream)
  return [root, ...children.map(({ table }) => table)]
}

/** System columns that later versions added. Older rows need no value in them, so they do not change the schema hash. */
const LATER: ReadonlySet<string> = new Set(['_deleted_by', SOURCE.name])

/** Hash of a stream's tables. Rows written under another hash may lack values, or have values that are now to be hashed. */
export function schemaHashOf(stream: Stream): string {
  const tables = allTables(stream).map(({ name, key, columns }) => [
    name,
    key,
    columns
      .filter(({ name, inferred }) => !inferred && !LATER.has(name))
      .map(({ name, kind, policy, also }) => [name, kind, ...(policy ? [policy] : []), ...(also ? [also] : [])]),
  ])
  return createHash('sha256').update(JSON.stringify(tables)).digest('hex').slice(0, 16)
}

const STORED: Readonly<Record<Policy, string>> = {
  keep: '',
  hash: ' Stored as SHA-256 of the salt in _sync_settings and the value.',
  omit: ' Not stored: always null.',
}

function tableColumn(name: string, declared: Column): TableColumn {
  const { kind, required, doc, policy, inferred, zone, derived, also, values, references, elements } = declared
  const column = {
    name: identifier(name),
    kind,
    required,
    doc: doc + namesOf(also) + valuesText(values) + referencesText(references) + STORED[policy],
    ...(also.length > 0 ? { also } : {}),
    ...(values.length > 0 ? { values } : {}),
    ...(references.length > 0 ? { references } : {}),
    ...(inferred ? { inferred } : {}),
    ...(zone === 'UTC' ? { zone } : {}),
    ...(derived ? { derived } : {}),
    ...(elements ? { elements } : {}),
  }
  return policy === 'keep' ? column : { ...column, policy }
}

const valuesText = (values: readonly string[]): string =>
  values.length === 0 ? '' : ` Known values: ${values.join(', ')}.`

const referencesText = (references: readonly Reference[]): string =>
  references.length === 0 ? '' : ` Joins to ${references.map(referenceText).join(', or to ')}.`

const referenceText = ({ stream, when }: Reference): string =>
  when === null ? `${stream}.id` : `${stream}.id where ${identifier(when.column)} is ${when.value}`
const namesOf = (also: readonly string[]): string =>
  also.length === 0 ? '' : ` Also sent as ${also.map(name => `\`${name}\``).join(', ')}.`

function keyKind(stream: Stream): ColumnKind {
  const [key] = stream.key
  return (key === undefined ? undefined : stream.columns[key]?.kind) ?? 'int'
}
