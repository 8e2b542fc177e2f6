import type { ColumnKind, Columns } from './column.ts'
import { historyTable } from './history-table.ts'
import { childName, identifier } from './name.ts'
import type { Stream } from './stream.ts'
import { CHILD_INDEX, type Table, type TableColumn, tablesOf } from './table.ts'
import type { View, ViewColumn } from './view.ts'

/** System columns that the views show. */
const SHOWN: ReadonlySet<string> = new Set(['_synced_at', '_extra'])
const isShown = ({ name }: TableColumn): boolean => !name.startsWith('_') || SHOWN.has(name)

/**
 * The views of the layer `live`: of each table of a stream the rows that exist, under the table's name. Each instant has a
 * column beside it with its day in the reporting zone: `created_on` for `created_at`.
 * @param versioned streams of which every version is kept.
 */
export function liveViews(streams: readonly Stream[], versioned: readonly Stream[]): readonly View[] {
  return [
    ...streams.flatMap(stream => {
      const { root, children } = tablesOf(stream)
      return [
        liveView(root, `{{table ${root.name}}} as t where t._deleted_at is null`),
        ...children.flatMap(({ child, table }) => {
          const joined = `{{table ${table.name}}} as t join {{table ${root.name}}} as o on o."${root.key[0]}" = t."${table.key[0]}"`
          const exists = 'where o._deleted_at is null'
          return [
            liveView(table, `${joined} ${exists}`),
            ...table.columns.flatMap(column =>
              column.elements ? [listView(table, child, column, column.elements, joined, exists)] : [],
            ),
          ]
        }),
      ]
    }),
    ...versioned.map(stream => {
      const table = historyTable(stream)
      return liveView(table, `{{table ${table.name}}} as t`)
    }),
  ]
}

/**
 * Names its columns, so that one that a user adds to a table is not used by the view.
 * @param rows tables, of which `t` is that of the view, and a condition.
 */
function liveView({ name, doc, key, columns }: Table, rows: string): View {
  const shown = columns.filter(isShown)
  const names = new Set(columns.map(column => column.name))
  const days = shown.filter(column => column.kind === 'instant' && !names.has(dayName(column.name)))
  return {
    name,
    layer: 'live',
    schema: 'analytics',
    doc,
    grain: key,
    columns: Object.fromEntries([
      ...shown.map(({ name, kind, doc, policy, values = [] }): [string, ViewColumn] => [
        name,
        // A hash is none of the values, and what is omitted is null.
        { kind, doc, values: policy === undefined ? values : [] },
      ]),
      ...days.map((column): [string, ViewColumn] => [
        dayName(column.name),
        { kind: 'day', doc: `Day of ${column.name} in the reporting zone.`, values: [] },
      ]),
    ]),
    sql: `select ${[
      ...shown.map(column => `t."${column.name}"`),
      ...days.map(column => `cast(t."${column.name}" at time zone {{zone}} as date) as "${dayName(column.name)}"`),
    ].join(', ')} from ${rows}`,
    materialized: false,
    checks: [],
  }
}

/** `created_on` of `created_at`, `_synced_on` of `_synced_at`, `valid_from_on` of `valid_from`. */
const dayName = (instant: string): string =>
  instant.endsWith('_at') ? instant.replace(/_at$/, '_on') : `${instant}_on`

/** A row for each object of a list that is a column of a list's table. */
function listView(
  table: Table,
  child: string,
  { name: list, doc }: TableColumn,
  elements: Columns,
  joined: string,
  exists: string,
): View {
  const [owner = ''] = table.key
  const place = identifier(`${child.replace(/s$/, '')}_${CHILD_INDEX}`)
  const members = Object.entries(elements).map(([name, column]) => ({ name: identifier(name), column }))
  return {
    name: identifier(childName(table.name, list)),
    layer: 'live',
    schema: 'analytics',
    doc: `A row for each element of ${list} in ${table.name}. ${doc}`,
    grain: [owner, place, CHILD_INDEX],
    columns: {
      [owner]: column('int', table.columns[0]?.doc ?? ''),
      [place]: column('int', `Place in the list of ${table.name}, from 0. Joins to ${table.name}.${CHILD_INDEX}.`),
      [CHILD_INDEX]: column('int', `Place in ${list}, from 0.`),
      ...Object.fromEntries(members.map(({ name, column: { kind, doc } }) => [name, column(kind, doc)])),
    },
    sql: `select t."${owner}", t."${CHILD_INDEX}" as "${place}", e."${CHILD_INDEX}", ${members
      .map(({ name, column: { kind, from } }) => `${memberOf(from ?? name, kind)} as "${name}"`)
      .join(', ')} from ${joined} cross join lateral {{elements t."${list}"}} as e ${exists}`,
    materialized: false,
    checks: [],
  }
}

const column = (kind: ColumnKind, doc: string): ViewColumn => ({ kind, doc, values: [] })

/** A number as JSON and texts write it. Anything else in a column of numbers is null: it stands in the list itself. */
const NUMBER = '^[-+]?[0-9]{1,12}([.][0-9]+)?([eE]-[0-9]{1,2})?$'
const TYPES: Readonly<Partial<Record<ColumnKind, string>>> = {
  int: 'decimal(18, 0)',
  money: 'decimal(18, 6)',
  rate: 'decimal(28, 10)',
}

function memberOf(name: string, kind: ColumnKind): string {
  const member = `{{member e.element ${name}}}`
  const type = TYPES[kind]
  return type === undefined ? member : `case when ${member} ~ '${NUMBER}' then cast(${member} as ${type}) end`
}
