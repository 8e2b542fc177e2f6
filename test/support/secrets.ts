import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { STREAMS } from '../../src/cli/app.ts'
import type { Column } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import type { DestinationConfig } from './destinations.ts'
import { withQuery } from './dump.ts'
import { sampleOf } from './run.ts'

/** Streams with sensitive columns. */
export const GUARDED: readonly Stream[] = STREAMS.filter(stream => sensitiveOf(stream).length > 0)

export function sensitiveOf({ columns }: Stream): (readonly [name: string, path: string])[] {
  return Object.entries(columns).flatMap(([name, { sensitive, from }]) =>
    sensitive ? [[name, from ?? name] as const] : [],
  )
}

/** Where in a record a secret can be. The record of each position has its own id. */
export const POSITIONS = ['plain', 'neighbour', 'rejected', 'misplaced', 'listed'] as const
export type Position = (typeof POSITIONS)[number]

export const idOf = (position: Position): number => 900_000_001 + POSITIONS.indexOf(position)

export const secretOf = (stream: Stream, column: string, position: Position): string =>
  `SECRET-${stream.name}-${column}-${position}`

/** Inserts a record for every stream with sensitive columns and every position. @returns the secrets. */
export function fillWithSecrets(store: Store): string[] {
  const secrets: string[] = []
  for (const stream of GUARDED)
    for (const position of POSITIONS) {
      store.declare(stream.name)
      const sample = sampleOf(stream.name)
      // Changed now, so that the next run reads it. A queued charge is returned however old it is.
      const now = { ...('updated_at' in sample ? { updated_at: store.now().toISOString() } : {}) }
      const queued = stream.name === 'charges' ? { status: 'queued', processed_at: null } : {}
      let record: StoreRecord = { ...sample, ...now, ...queued, id: idOf(position) }
      for (const [column, path] of sensitiveOf(stream)) {
        const secret = secretOf(stream, column, position)
        secrets.push(secret)
        record = inPosition(record, path, secret, position)
      }
      store.insert(stream.name, position === 'rejected' ? { ...record, ...nonsense(stream) } : record)
    }
  return secrets
}

function inPosition(record: StoreRecord, path: string, secret: string, position: Position): StoreRecord {
  const parts = path.split('.')
  switch (position) {
    case 'plain':
    case 'rejected':
      return put(record, parts, secret)
    case 'neighbour': {
      // In a field beside it, and inside a link.
      const beside = [...parts.slice(0, -1), `${parts.at(-1)}_before`]
      return put(put(put(record, parts, secret), beside, [secret]), ['link'], `https://store.example/${secret}/orders`)
    }
    case 'misplaced':
      // An object instead of text, or text instead of the object that contains it.
      return parts.length === 1 ? put(record, parts, { inside: [secret] }) : put(record, parts.slice(0, -1), secret)
    case 'listed':
      return put(record, parts.slice(0, 1), [put({}, parts.slice(1), secret)])
  }
}

function put(record: StoreRecord, [name = '', ...rest]: readonly string[], value: Json): StoreRecord {
  const inner = record[name]
  const object = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as StoreRecord) : {}
  return { ...record, [name]: rest.length === 0 ? value : put(object, rest, value) }
}

/** A value of the wrong type, which rejects the record: in a column that is neither key nor cursor. */
function nonsense({ columns, key, sync }: Stream): StoreRecord {
  const excluded = new Set([...key, ...(sync.mode === 'incremental' ? [sync.cursor] : [])])
  const reads = ({ kind, from }: Column): boolean => from === null && ['flag', 'instant', 'int'].includes(kind)
  const found = Object.entries(columns).find(([name, column]) => reads(column) && !excluded.has(name))
  if (!found) throw new Error('every column accepts text')
  return { [found[0]]: 'nonsense' }
}

/** Everything that a run wrote: every value of every table as text, and the bytes of every file below the folders. */
export async function leftBehind(destination: DestinationConfig, folders: readonly string[]): Promise<string[]> {
  const values = await withQuery(destination, async query => {
    const columns = await query(
      `select table_name as t, column_name as c from information_schema.columns where table_schema = '${destination.schema}'`,
    )
    const all: string[] = []
    for (const { t, c } of columns) {
      const rows = await query(
        `select cast("${c}" as text) as v from "${destination.schema}"."${t}" where "${c}" is not null`,
      )
      for (const { v } of rows) all.push(String(v))
    }
    return all
  })
  return [...values, ...folders.flatMap(filesBelow).map(file => readFileSync(file, 'latin1'))]
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(file => statSync(file).isFile())
