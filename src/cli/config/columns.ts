import type { Document } from 'yaml'
import type { ConfigProblem } from '../../common/errors.ts'
import { declaredTables, policyProblem } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { type LineAt, lineOf, nearest } from './problems.ts'

/** Tables and columns that are not there, and what cannot be stored as the file says. */
export function columnProblems(document: Document, streams: readonly Stream[], lineAt: LineAt): ConfigProblem[] {
  const tables = new Map(streams.flatMap(stream => [...declaredTables(stream).keys()].map(name => [name, stream])))
  const problems: ConfigProblem[] = []
  const say = (path: readonly string[], message: string): void => {
    problems.push({ path: path.join('.'), line: lineOf(document, path, lineAt), message })
  }
  for (const [table, columns] of entries(document.toJS()?.columns)) {
    const stream = tables.get(table)
    if (stream === undefined) {
      say(['columns', table], `there is no table ${table}${nearest(table, [...tables.keys()])}`)
      continue
    }
    const known = Object.keys(declaredTables(stream).get(table) ?? {})
    for (const [column, policy] of entries(columns)) {
      const path = ['columns', table, column]
      if (!known.includes(column)) say(path, `${table} has no declared column ${column}${nearest(column, known)}`)
      else if (policy === 'hash' || policy === 'omit') {
        const why = policyProblem(stream, table, column, policy)
        if (why !== null) say(path, why)
      }
    }
  }
  return problems
}

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
