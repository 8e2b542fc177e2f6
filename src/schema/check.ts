import { z } from 'zod'
import type { Columns } from './column.ts'
import { type Export, headerKey, isNeeded } from './export.ts'
import { HISTORY, VALID_FROM, VALID_TO } from './history-table.ts'
import { childName, columnName, identifier } from './name.ts'
import type { Stream } from './stream.ts'
import { CHILD_INDEX, SYSTEM_COLUMNS } from './table.ts'

/** A declaration in `schemas/` is wrong. This is a bug of ours, so it is thrown when the module is loaded. */
export class DeclarationError extends Error {
  constructor(stream: string, problems: readonly string[]) {
    super(`schemas/${stream}.ts: ${problems.join('; ')}`)
    this.name = 'DeclarationError'
  }
}

const snake = z.string().regex(/^[a-z][a-z0-9_]*$/, 'is not snake_case')
const path = z.string().regex(/^\w+(?:\.\w+)*$/, 'is not a dotted path')
const doc = z.string().regex(/\S.*\.$/s, 'needs a doc that is a sentence')

/** Checks what the types of `stream()` cannot. @throws {DeclarationError} with every problem. */
export function check(stream: Stream): void {
  const problems: string[] = []
  const say = (where: string, result: { success: boolean; error?: z.ZodError }): void => {
    for (const issue of result.error?.issues ?? []) problems.push(`${where}: ${issue.message}`)
  }
  say('name', snake.safeParse(stream.name))
  say('singular', snake.safeParse(stream.singular))
  say('doc', doc.safeParse(stream.doc))
  columns(stream.name, stream.columns, problems, say)
  required(stream.name, stream.columns, stream.key, problems)
  const lists = Object.values(stream.children).map(({ from }) => from)
  paths(stream.name, [...pathsOf(stream.columns), ...lists, ...stream.objects], problems)
  derived(stream.name, stream.columns, problems)
  for (const { name } of [VALID_FROM, VALID_TO])
    if (Object.hasOwn(stream.columns, name)) problems.push(`${stream.name}.${name}: taken by the history table`)
  for (const [name, child] of Object.entries(stream.children)) {
    const where = `children.${name}`
    if (name === HISTORY) problems.push(`${where}: taken by the history table`)
    say(where, snake.safeParse(name))
    say(where, doc.safeParse(child.doc))
    if (name !== columnName(child.from) && name !== child.from.split('.').at(-1))
      problems.push(`${where}: the name must be the last part of ${child.from} or its joined path`)
    if (stream.key.length !== 1) problems.push(`${where}: only a stream with one key column may have child rows`)
    for (const taken of [`${stream.singular}_id`, CHILD_INDEX])
      if (Object.hasOwn(child.columns, taken)) problems.push(`${where}.${taken}: taken by the key of the child table`)
    const element = child.element === undefined ? null : child.columns[child.element]
    if (element === undefined) problems.push(`${where}: ${child.element}, the column of an element, is not declared`)
    else if (element?.from?.includes('.'))
      problems.push(`${where}: ${child.element}, the column of an element, is in an object`)
    columns(childName(stream.name, name), child.columns, problems, say)
    required(childName(stream.name, name), child.columns, [], problems)
    paths(childName(stream.name, name), pathsOf(child.columns), problems)
    derived(childName(stream.name, name), child.columns, problems)
  }
  if (stream.sync.mode === 'incremental' && stream.sync.sorted && stream.sort !== `${stream.sync.cursor}-asc`)
    problems.push(`sort: a sorted stream asks for ${stream.sync.cursor}-asc`)
  if (stream.sync.mode === 'incremental' && stream.columns[stream.sync.cursor]?.required)
    problems.push(`sync: the cursor ${stream.sync.cursor} must not be required: a record without it is loaded`)
  for (const name of [...stream.key, ...(stream.sync.mode === 'incremental' ? [stream.sync.cursor] : [])])
    if ((stream.columns[name]?.also.length ?? 0) > 0)
      problems.push(`${name}: a key or a cursor has one name, because the scan reads it from the record`)
  deletions(stream, problems)
  if (stream.parent) {
    const { as, parameter = false } = stream.parent
    const inPath = stream.path.includes(`{${as}}`)
    if (!inPath && !parameter) problems.push(`path: lacks {${as}} of its parent`)
    if (inPath && parameter) problems.push(`path: has {${as}}, which is sent as a parameter`)
  }
  for (const field of [stream.parent?.as, stream.parent?.position])
    if (field !== undefined && !Object.hasOwn(stream.columns, field)) problems.push(`parent: ${field} is not a column`)
  if (stream.export !== null) exported(stream, stream.export, problems)
  if (problems.length > 0) throw new DeclarationError(stream.name, problems)
}

/** Checks what only all declarations together show. @throws {DeclarationError} with every problem of the first stream that has one. */
export function checkReferences(streams: readonly Stream[]): void {
  for (const stream of streams) {
    const problems: string[] = []
    const tables = [
      [stream.name, stream.columns] as const,
      ...Object.entries(stream.children).map(([name, { columns }]) => [childName(stream.name, name), columns] as const),
    ]
    for (const [table, declared] of tables)
      for (const [name, { references }] of Object.entries(declared))
        for (const reference of references) {
          const target = streams.find(other => other.name === reference.stream)
          if (target?.key.join() !== 'id')
            problems.push(`${table}.${name}: references ${reference.stream}, which is no stream with the key id`)
        }
    if (problems.length > 0) throw new DeclarationError(stream.name, problems)
  }
}

/** A record that is past the retention of the source must never count as deleted because it is absent. */
function deletions(
  { deletions: { absence, except, stated }, retention, key, sync, columns, deletionEvents }: Stream,
  problems: string[],
): void {
  const say = (problem: string): void => {
    problems.push(`deletions: ${problem}`)
  }
  if (absence === 'scan') {
    if (sync.mode !== 'full') say('absence: scan needs a full scan')
    if (retention) say('a stream with a retention cannot conclude deletions from absence')
  } else if (absence !== undefined) {
    const { column, value } = absence
    if (sync.mode === 'full') say('a stream with a full scan needs no list snapshot')
    if (!Object.hasOwn(columns, column)) say(`${column} is not a column`)
    if (retention && (retention.when?.[column] ?? [value]).includes(value))
      say(`records whose ${column} is ${value} have a retention`)
  }
  if (except && !Object.hasOwn(columns, except.column)) say(`${except.column} is not a column`)
  if (stated !== undefined && columns[stated]?.kind !== 'instant') say(`${stated} is not a column with an instant`)
  if (deletionEvents && key.length !== 1)
    problems.push('deletionEvents: only a stream with one key column may report deletions')
  for (const field of deletionEvents
    ? [deletionEvents.type, deletionEvents.key, deletionEvents.verb, deletionEvents.at]
    : [])
    if (!Object.hasOwn(columns, field)) problems.push(`deletionEvents: ${field} is not a column`)
}

function columns(
  table: string,
  declared: Columns,
  problems: string[],
  say: (where: string, result: { success: boolean; error?: z.ZodError }) => void,
): void {
  const seen = new Set<string>()
  for (const [name, column] of Object.entries(declared)) {
    const where = `${table}.${name}`
    say(where, snake.safeParse(name))
    say(where, doc.safeParse(column.doc))
    if (column.from !== null && !column.derived && columnName(column.from) !== name)
      problems.push(`${where}: ${column.from} becomes ${columnName(column.from)}`)
    for (const other of column.also) say(`${where}: ${other}`, path.safeParse(other))
    if (new Set(column.values).size < column.values.length) problems.push(`${where}: a value is listed twice`)
    for (const { when } of column.references)
      if (when !== null && !Object.hasOwn(declared, when.column))
        problems.push(`${where}: references by ${when.column}, which is not a column`)
    if (Object.hasOwn(SYSTEM_COLUMNS, name)) problems.push(`${where}: taken by a system column`)
    const stored = identifier(name).toLowerCase()
    if (seen.has(stored)) problems.push(`${where}: clashes with another column after lower-casing and shortening`)
    seen.add(stored)
  }
}

/** A record is loaded without any other value, so that one odd member does not cost it. */
function required(table: string, declared: Columns, key: readonly string[], problems: string[]): void {
  for (const [name, column] of Object.entries(declared))
    if (column.required && !key.includes(name)) problems.push(`${table}.${name}: only a key may be required`)
}

const pathsOf = (declared: Columns): string[] =>
  Object.entries(declared).flatMap(([name, { from, also, derived }]) => (derived ? [] : [from ?? name, ...also]))

/** A derived column keeps a part of a value, so another column must keep the whole value, under the same names. */
function derived(table: string, declared: Columns, problems: string[]): void {
  const whole = new Map(Object.entries(declared).flatMap(([n, c]) => (c.derived ? [] : [[c.from ?? n, c] as const])))
  for (const [name, column] of Object.entries(declared)) {
    if (!column.derived) continue
    const of = whole.get(column.from ?? name)
    if (of?.kind !== 'instant')
      problems.push(`${table}.${name}: no column keeps the whole instant ${column.from ?? name}`)
    else if (of.also.join() !== column.also.join())
      problems.push(`${table}.${name}: needs the other names of the column that keeps the whole instant`)
  }
}

/** Each header must name a declared column of one table only, and every needed column has a header. */
function exported(stream: Stream, { columns, lowerCase, elements }: Export, problems: string[]): void {
  if (stream.key.length !== 1) problems.push('export: only a stream with one key column can be imported')
  const child = elements && stream.children[elements.child]
  if (elements && !child) problems.push(`export: ${elements.child} is not a list of the stream`)
  const tables = [
    { where: 'export', declared: stream.columns, headers: columns },
    ...(elements && child
      ? [{ where: `export.${elements.child}`, declared: child.columns, headers: elements.columns }]
      : []),
  ]
  for (const { where, declared, headers } of tables) {
    for (const [name, spellings] of Object.entries(headers)) {
      if (!Object.hasOwn(declared, name)) problems.push(`${where}.${name}: is not a column`)
      if (declared[name]?.derived) problems.push(`${where}.${name}: is derived from another column`)
      for (const header of spellings)
        if (headerKey(header) !== header) problems.push(`${where}.${name}: write ${header} as ${headerKey(header)}`)
    }
  }
  for (const name of Object.keys(stream.columns))
    if (isNeeded(stream, name) && !Object.hasOwn(columns, name)) problems.push(`export: ${name} is required`)
  const own = new Set(Object.values(columns).flat())
  for (const header of Object.values(elements?.columns ?? {}).flat())
    if (own.has(header)) problems.push(`export: ${header} is a column of the stream and of its list`)
  for (const name of lowerCase)
    if (stream.columns[name]?.kind !== 'text' || !Object.hasOwn(columns, name))
      problems.push(`export.lowerCase: ${name} is not a text column of the export`)
}

/** No path may occur twice or lie inside another: one of the two columns would never have a value. */
function paths(table: string, declared: readonly string[], problems: string[]): void {
  const seen = new Set<string>()
  for (const path of declared) {
    if (seen.has(path)) problems.push(`${table}: ${path} is read twice`)
    seen.add(path)
  }
  for (const path of seen)
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1))
      if (seen.has(path.slice(0, dot))) problems.push(`${table}: ${path} lies inside ${path.slice(0, dot)}`)
}
