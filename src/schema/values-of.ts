/** A query that gives these rows. */
export function valuesOf(
  columns: Readonly<Record<string, 'text' | 'bigint'>>,
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const names = Object.keys(columns).map(name => `"${name}"`)
  const typed = Object.entries(columns).map(([name, type]) => `cast(v."${name}" as ${type}) as "${name}"`)
  if (rows.length === 0)
    return `select ${Object.entries(columns).map(([name, type]) => `cast(null as ${type}) as "${name}"`)} where false`
  return `select ${typed.join(', ')} from (values\n${rows
    .map(row => `  (${row.map(literal).join(', ')})`)
    .join(',\n')}\n) as v (${names.join(', ')})`
}

/** A literal in which nothing looks like a placeholder of a view's text. */
const literal = (value: string | number | null): string =>
  typeof value !== 'string' ? String(value) : `'${value.replaceAll("'", "''").replaceAll('{', "' || '{' || '")}'`
