import { historyTable } from './history-table.ts'
import type { Stream } from './stream.ts'
import { type Table, type TableColumn, tablesOf } from './table.ts'
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
        ...children.map(({ table }) => {
          const owner = table.key[0] ?? ''
          return liveView(
            table,
            `{{table ${table.name}}} as t
              join {{table ${root.name}}} as o on o."${root.key[0]}" = t."${owner}" where o._deleted_at is null`,
          )
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
