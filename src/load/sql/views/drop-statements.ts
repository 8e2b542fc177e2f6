import type { LedgerEntry } from './ledger.ts'
import { quoted } from './quoted.ts'

/** Together, where one that uses another keeps it from being dropped first. */
export function dropStatements(
  views: readonly Pick<LedgerEntry, 'view_schema' | 'name'>[],
  together: boolean,
): readonly string[] {
  const names = views.map(({ view_schema, name }) => `${quoted(view_schema)}.${quoted(name)}`)
  if (names.length === 0) return []
  return together ? [`drop view ${names.join(', ')}`] : names.map(name => `drop view ${name}`)
}
