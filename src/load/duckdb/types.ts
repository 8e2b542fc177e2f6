import { BIGINT, BOOLEAN, DATE, DECIMAL, TIMESTAMPTZ } from '@duckdb/node-api'
import { EPOCH_DAYS } from '../../common/cells.ts'
import type { ColumnKind } from '../../schema/column.ts'
import { DayVector, DecimalVector, FlagVector, TextVector, type Vector, WordVector } from './vector.ts'

interface Type {
  readonly ddl: string
  /** As `information_schema.columns` shows it. */
  readonly shownAs: string
  /** A column of this kind in a data chunk. */
  readonly vector: () => Vector
}

const EPOCH_MICROS = BigInt(EPOCH_DAYS) * 86_400_000_000n

/** DDL of each kind, how it is shown, and how its cells get into a data chunk. */
export const TYPES: Readonly<Record<ColumnKind, Type>> = {
  int: { ddl: 'bigint', shownAs: 'bigint', vector: () => new WordVector(BIGINT) },
  money: decimal(18, 6),
  rate: decimal(28, 10),
  instant: {
    ddl: 'timestamptz',
    shownAs: 'timestamp with time zone',
    vector: () => new WordVector(TIMESTAMPTZ, EPOCH_MICROS),
  },
  day: { ddl: 'date', shownAs: 'date', vector: () => new DayVector(DATE, EPOCH_DAYS) },
  flag: { ddl: 'boolean', shownAs: 'boolean', vector: () => new FlagVector(BOOLEAN) },
  text: { ddl: 'text', shownAs: 'varchar', vector: () => new TextVector(0) },
  json: { ddl: 'json', shownAs: 'json', vector: () => new TextVector(1) },
}

/** Up to 18 digits are kept in 64 bits, more in 128. */
function decimal(width: number, scale: number): Type {
  return {
    ddl: `decimal(${width}, ${scale})`,
    shownAs: `decimal(${width},${scale})`,
    vector: () => new DecimalVector(DECIMAL(width, scale), scale, width > 18),
  }
}
