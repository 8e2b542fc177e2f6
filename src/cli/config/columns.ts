import type { ConfigProblem } from '../../common/errors.ts'
import { declaredTables, policyProblem } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import type { GivenConfig } from './given.ts'
import { nearest } from './nearest.ts'
import { membersOf } from './problems.ts'

/** Tables and columns under `columns` that are not declared, and policies that a column cannot have. */
export function columnProblems(given: GivenConfig, streams: readonly Stream[]): ConfigProblem[] {
  const tables = new Map(streams.flatMap(stream => [...declaredTables(stream).keys()].map(name => [name, stream])))
  const problems: ConfigProblem[] = []
  const add = (path: readonly string[], message: string): void => {
    problems.push({ path: path.join('.'), line: given.lineOf(path), message })
  }
  for (const [table, columns] of Object.entries(membersOf(membersOf(given.value).columns))) {
    const stream = tables.get(table)
    if (stream === undefined) {
      add(['columns', table], `there is no table ${table}${nearest(table, [...tables.keys()])}`)
      continue
    }
    const known = Object.keys(declaredTables(stream).get(table) ?? {})
    for (const [column, policy] of Object.entries(membersOf(columns))) {
      const path = ['columns', table, column]
      if (!known.includes(column)) add(path, `${table} has no declared column ${column}${nearest(column, known)}`)
      else if (policy === 'hash' || policy === 'omit') {
        const problem = policyProblem(stream, table, column, policy)
        if (problem !== null) add(path, problem)
      }
    }
  }
  return problems
}
