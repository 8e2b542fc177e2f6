import { views } from '../../schemas/views/index.ts'
import { render, type View } from '../../src/schema/view.ts'

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** A view of `schemas/views/` by its name. */
export function viewNamed(name: string): View {
  const found = views.find(view => view.name === name)
  if (found === undefined) throw new Error(`there is no view ${name}`)
  return found
}

/** What is wrong in a view: the checks that give rows, and the grain if two rows share it. Tables and views are in `recharge` and `recharge_analytics`. */
export async function problemsOf(query: Query, { name, grain, checks }: View): Promise<readonly string[]> {
  const inSchema = (view: string): string => `recharge_analytics."${view}"`
  const columns = grain.length === 0 ? '1' : grain.map(column => `"${column}"`).join(', ')
  const all = [
    { name: 'grain', sql: `select 1 as n from ${inSchema(name)} group by ${columns} having count(*) > 1` },
    ...checks.map(check => ({
      name: check.name,
      sql: render(check.sql, {
        view: inSchema,
        table: table => `recharge."${table}"`,
        zone: 'America/New_York',
        // Lists in JSON are written differently in each database, and no check reads one.
        elements: list => list,
        member: object => object,
      }),
    })),
  ]
  const problems: string[] = []
  for (const check of all) {
    // Materialized: for one row of them Postgres would join a million rows in a loop.
    const first = `with c as materialized (${check.sql}) select * from c limit 1`
    if ((await query(first)).length > 0) problems.push(`${name}: ${check.name}`)
  }
  return problems
}
