import { createHash } from 'node:crypto'
import type { Columns } from '../declare/column.ts'
import type { Stream } from '../declare/stream.ts'
import type { Cell, Entity, Instant, Reject, Row } from '../model.ts'
import { type Cleaning, type Coerce, coercion, toJson, Unreadable } from './coerce.ts'

/** Collected over a batch. */
export interface Findings extends Cleaning {
  /** Records in which each undeclared path had a value. */
  readonly undeclared: Map<string, number>
}

/** What a member of a record is: a cell, an object whose members are cells, or a list that becomes rows. */
type Shape =
  | { readonly as: 'cell'; readonly at: number; readonly path: string; readonly read: Coerce }
  | { readonly as: 'object'; readonly path: string; readonly members: Members }
  | { readonly as: 'list'; readonly path: string; readonly child: string; readonly item: Item }
type Members = ReadonlyMap<string, Shape>

interface Item {
  readonly members: Members
  /** Of the paths inside, as in `line_items[].`. */
  readonly prefix: string
  readonly width: number
  readonly required: readonly { readonly at: number; readonly path: string }[]
}

export type Flatten = (record: unknown, findings: Findings) => Entity | Reject

const compiled = new WeakMap<Stream, Flatten>()

/** How a stream's records become rows, worked out once from its declaration. */
export function flattener(stream: Stream): Flatten {
  const known = compiled.get(stream)
  if (known) return known
  const flatten = compile(stream)
  compiled.set(stream, flatten)
  return flatten
}

function compile(stream: Stream): Flatten {
  const root = item(stream.columns, '')
  for (const [child, { from, columns }] of Object.entries(stream.children))
    place(root.members as Map<string, Shape>, from.split('.'), '', {
      as: 'list',
      path: from,
      child,
      item: item(columns, `${from}[].`),
    })
  const names = Object.keys(stream.columns)
  const keys = stream.key.map(name => names.indexOf(name))
  const children = Object.keys(stream.children)
  const cursor = stream.sync.mode === 'incremental' ? names.indexOf(stream.sync.cursor) : -1

  return (record, findings) => {
    const row: Cell[] = new Array(root.width).fill(null)
    const owned: Record<string, Cell[][]> = {}
    const reading: Reading = { cleaning: findings, owned, undeclared: new Set() }
    try {
      if (!isObject(record)) throw new Misfit('', 'the record is no object')
      const extra = fill(root, record, row, reading)
      const key = keys.map(at => row[at] ?? '').join('\u001f')
      for (const rows of Object.values(owned)) for (const child of rows) child[0] = row[keys[0] ?? 0] ?? null
      for (const path of reading.undeclared) findings.undeclared.set(path, (findings.undeclared.get(path) ?? 0) + 1)
      const extraJson = extra === null ? null : toJson(extra, findings)
      const hash = fingerprint(
        row,
        children.map(child => owned[child] ?? []),
        extraJson,
      )
      return { key, cursor: (row[cursor] ?? null) as Instant | null, hash, row, owned, extra: extraJson }
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      return { key: keyOf(record, stream), path: error.path, reason: error.message, record: toJson(record, findings) }
    }
  }
}

/** A value does not fit its declaration: the whole record is set aside. */
class Misfit extends Error {
  readonly path: string
  constructor(path: string, reason: string) {
    super(reason)
    this.path = path
  }
}

interface Reading {
  readonly cleaning: Cleaning
  readonly owned: Record<string, Cell[][]>
  readonly undeclared: Set<string>
}

type JsonObject = Record<string, unknown>

/** Without a prototype, so that a member called `__proto__` is a member like any other. */
const bare = (): JsonObject => Object.create(null)

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

function item(columns: Columns, prefix: string): Item {
  const members = new Map<string, Shape>()
  const required: { at: number; path: string }[] = []
  // A child's row begins with its owner's key and its place in the list.
  const offset = prefix === '' ? 0 : 2
  const entries = Object.entries(columns)
  for (const [index, [name, column]] of entries.entries()) {
    const path = column.from ?? name
    const at = index + offset
    if (column.required) required.push({ at, path: prefix + path })
    place(members, path.split('.'), prefix, { as: 'cell', at, path: prefix + path, read: coercion(column) })
  }
  return { members, prefix, required, width: entries.length + offset }
}

function place(members: Map<string, Shape>, path: readonly string[], prefix: string, shape: Shape): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    members.set(name, shape)
    return
  }
  const inner = members.get(name)
  const object = inner?.as === 'object' ? inner : { as: 'object' as const, path: prefix + name, members: new Map() }
  members.set(name, object)
  place(object.members as Map<string, Shape>, rest, `${prefix + name}.`, shape)
}

/** Fills `row`, and gives what is not declared, or null. */
function fill(
  { members, required, prefix }: Item,
  object: JsonObject,
  row: Cell[],
  reading: Reading,
): JsonObject | null {
  const extra = visit(members, object, row, reading, prefix)
  for (const { at, path } of required)
    if (row[at] === null) throw new Misfit(path, 'required, but absent, null or empty')
  return extra
}

function visit(members: Members, object: JsonObject, row: Cell[], reading: Reading, prefix: string): JsonObject | null {
  const extra: [name: string, value: unknown][] = []
  const keep = (name: string, value: unknown): void => {
    extra.push([name, value])
  }
  for (const [name, value] of Object.entries(object)) {
    const shape = members.get(name)
    if (shape === undefined) {
      keep(name, value)
      if (value !== null) reading.undeclared.add(prefix + name)
    } else if (value === null || value === undefined) {
      // Absent and null are the same to a table.
    } else if (shape.as === 'cell') {
      row[shape.at] = read(shape.read, value, shape.path, reading.cleaning)
    } else if (shape.as === 'object') {
      // Some back ends write an empty object as an empty list.
      if (Array.isArray(value) && value.length === 0) continue
      if (!isObject(value)) throw new Misfit(shape.path, `declared as an object, got ${kindOf(value)}`)
      const inner = visit(shape.members, value, row, reading, `${shape.path}.`)
      if (inner !== null) keep(name, inner)
    } else {
      const inner = list(shape, value, reading)
      if (inner !== null) keep(name, inner)
    }
  }
  return extra.length === 0 ? null : inOrder(extra)
}

/** By name: a record whose members come in another order is the same record. */
function inOrder(members: [name: string, value: unknown][]): JsonObject {
  const object = bare()
  for (const [name, value] of members.sort(([a], [b]) => (a < b ? -1 : 1))) object[name] = value
  return object
}

/** One object in place of a list has been seen for marketing attribution [client]: it is a list of one. */
function list(shape: Shape & { as: 'list' }, value: unknown, reading: Reading): JsonObject | null {
  const elements = Array.isArray(value) ? value : isObject(value) ? [value] : null
  if (elements === null) throw new Misfit(shape.path, `declared as a list, got ${kindOf(value)}`)
  const rows: Cell[][] = []
  let extra: JsonObject | null = null
  for (const [index, element] of elements.entries()) {
    const row: Cell[] = new Array(shape.item.width).fill(null)
    row[1] = String(index)
    rows.push(row)
    if (element !== null && !isObject(element))
      throw new Misfit(`${shape.path}[]`, `declared as an object, got ${kindOf(element)}`)
    const inner = fill(shape.item, element ?? {}, row, reading)
    if (inner !== null) {
      extra ??= bare()
      extra[String(index)] = inner
    }
  }
  reading.owned[shape.child] = rows
  return extra
}

function read(coerce: Coerce, value: unknown, path: string, cleaning: Cleaning): Cell {
  try {
    return coerce(value, cleaning)
  } catch (error) {
    if (error instanceof Unreadable) throw new Misfit(path, error.message)
    throw error
  }
}

/** 63 bits of SHA-256 as a BIGINT: two versions of one record that share it are one in nine million million million. */
function fingerprint(row: Row, owned: readonly (readonly Row[])[], extra: string | null): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([row, owned, extra]))
    .digest()
  return (digest.readBigUInt64BE() >> 1n).toString()
}

function keyOf(record: unknown, stream: Stream): string | null {
  if (!isObject(record)) return null
  const parts = stream.key.map(name => record[stream.columns[name]?.from ?? name])
  return parts.every(part => typeof part === 'string' || typeof part === 'number') ? parts.join('\u001f') : null
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
