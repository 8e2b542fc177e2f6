import { CellWriter } from '../../src/common/cell-writer.ts'
import type { DecodeStats, FlatRecord, Reject, Value } from '../../src/common/model.ts'
import type { ColumnKind, Columns } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { flattener } from '../../src/transform/flatten.ts'

/** A record's rows as canonical text. They are read from the bytes by code of this file, not by that of src. */
export interface Rows {
  readonly row: readonly Value[]
  /** Each begins with its owner's key and its index in the list. */
  readonly children: Readonly<Record<string, readonly (readonly Value[])[]>>
  readonly extra: string | null
}

export function rowsOf({ bytes, start, end }: FlatRecord, { key, columns, children: lists }: Stream): Rows {
  const record = bytes.subarray(start, end)
  const names = Object.keys(lists)
  const offsets = [...names, '_extra'].map((_, i) => record.readUInt32BE(4 * i))
  const own = cells(record, 4 * offsets.length, kindsOf(columns))
  if (own.end !== offsets[0]) throw new Error(`the own row ends at ${own.end}, the first list begins at ${offsets[0]}`)
  const owner = own.cells[Object.keys(columns).indexOf(key[0] ?? '')] ?? null
  const ownerKind = columns[key[0] ?? '']?.kind ?? 'text'
  const children: Record<string, Value[][]> = {}
  for (const [i, name] of names.entries()) {
    const first = offsets[i] ?? 0
    let at = first + 4
    const rows: Value[][] = []
    for (let index = 0; index < record.readUInt32BE(first); index++) {
      const kinds: ColumnKind[] = [ownerKind, 'int', ...kindsOf(lists[name]?.columns ?? {})]
      if (record.readUInt16BE(at) !== kinds.length) throw new Error(`a row of ${name} has another number of cells`)
      const read = cells(record, at + 2, kinds)
      if (read.cells[0] !== owner || read.cells[1] !== String(index))
        throw new Error(`${name}: not row ${index} of ${owner}`)
      rows.push(read.cells)
      at = read.end
    }
    if (at !== offsets[i + 1]) throw new Error(`${name} ends at ${at}, what follows begins at ${offsets[i + 1]}`)
    children[name] = rows
  }
  const extra = cells(record, offsets.at(-1) ?? 0, ['json'])
  if (extra.end !== record.length) throw new Error('something follows _extra')
  return { row: own.cells, children, extra: extra.cells[0] as string | null }
}

export type Flattened = Pick<FlatRecord, 'key' | 'cursor' | 'hash'> & Rows

/** Flattens one record. */
export function flattened(stream: Stream, record: unknown, stats?: DecodeStats): Flattened | Reject {
  const result = flattener(stream)(
    record,
    new CellWriter(8),
    stats ?? { cleaned: 0, unknownFields: new Map(), mismatched: new Map() },
  )
  if ('reason' in result) return result
  const { key, cursor, hash } = result
  return { key, cursor, hash, ...rowsOf(result, stream) }
}

const kindsOf = (columns: Columns): ColumnKind[] => Object.values(columns).map(({ kind }) => kind)

function cells(bytes: Buffer, start: number, kinds: readonly ColumnKind[]): { cells: Value[]; end: number } {
  let end = start
  const read = kinds.map((kind): Value => {
    const length = bytes.readInt32BE(end)
    const at = end + 4
    end = at + Math.max(0, length)
    return length === -1 ? null : READ[kind](bytes.subarray(at, end))
  })
  return { cells: read, end }
}

const EPOCH = Date.UTC(2000, 0, 1)

const READ: Record<ColumnKind, (bytes: Buffer) => Value> = {
  int: bytes => bytes.readBigInt64BE().toString(),
  money: decimal,
  rate: decimal,
  instant: bytes => {
    const micros = bytes.readBigInt64BE()
    const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
    const at = new Date(EPOCH + Number((micros - rest) / 1000n))
    return `${at.toISOString().slice(0, 19)}.${String(rest).padStart(6, '0')}Z`
  },
  day: bytes => new Date(EPOCH + bytes.readInt32BE() * 86_400_000).toISOString().slice(0, 10),
  flag: bytes => bytes.readUInt8() === 1,
  text: bytes => bytes.toString(),
  json: bytes => {
    if (bytes[0] !== 1) throw new Error('JSON without its mark')
    return bytes.subarray(1).toString()
  },
}

function decimal(bytes: Buffer): string {
  const count = bytes.readInt16BE(0)
  const weight = bytes.readInt16BE(2)
  const shown = bytes.readInt16BE(6)
  const digits = Array.from({ length: count }, (_, i) => bytes.readInt16BE(8 + 2 * i))
  if (count > 0 && (digits[0] === 0 || digits.at(-1) === 0)) throw new Error('needless zeros')
  const group = (power: number): string => String(digits[weight - power] ?? 0).padStart(4, '0')
  const powers = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i)
  const whole = powers(Math.max(weight, 0), 0)
    .map(group)
    .join('')
    .replace(/^0+(?=\d)/, '')
  const all = powers(-1, Math.min(-1, weight - count + 1))
    .map(group)
    .join('')
    .padEnd(shown, '0')
  if (/[1-9]/.test(all.slice(shown))) throw new Error('more decimals than are shown')
  const fraction = all.slice(0, shown)
  const sign = bytes.readInt16BE(4) === 0x4000 ? '-' : ''
  return sign + whole + (fraction === '' ? '' : `.${fraction}`)
}
