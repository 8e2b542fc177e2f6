import { views } from '../../schemas/views/index.ts'

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** The checks of the named views that found something, and the grains that have a row twice. */
export async function faultsOf(query: Query, names: readonly string[]): Promise<readonly string[]> {
  const faults: string[] = []
  for (const name of names) {
    const view = views.find(one => one.name === name)
    if (view === undefined) throw new Error(`there is no view ${name}`)
    const grain = view.grain.map(column => `"${column}"`).join(', ') || '1'
    const twice = `select ${grain} from {{${name}}} group by ${grain} having count(*) > 1`
    for (const check of [{ name: 'grain', sql: twice }, ...view.checks]) {
      const sql = check.sql.replace(/\{\{(\w+)\}\}/g, 'recharge_analytics."$1"')
      if ((await query(`select 1 as one from (${sql}) as found limit 1`)).length > 0)
        faults.push(`${name}: ${check.name}`)
    }
  }
  return faults
}
