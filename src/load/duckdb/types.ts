import { BIGINT, BOOLEAN, DATE, DECIMAL, TIMESTAMPTZ } from '@duckdb/node-api'
import { EPOCH_DAYS } from '../../common/cells.ts'
import type { ColumnKind } from '../../schema/column.ts'
import { DayVector, DecimalVector, FlagVector, TextVector, type Vector, WordVector } from './vector.ts'

interface Type {
  readonly ddl: string
  /** As `information_schema.columns` shows it. */
  readonly inCatalog: string
  /** Makes a column of this kind in a data chunk. */
  readonly vector: () => Vector
}

const EPOCH_MICROS = BigInt(EPOCH_DAYS) * 86_400_000_000n

/** The type of each kind in DDL and in the catalog, and how its cells get into a data chunk. */
export const TYPES: Readonly<Record<ColumnKind, Type>> = {
  int: { ddl: 'bigint', inCatalog: 'bigint', vector: () => new WordVector(BIGINT) },
  money: decimal(18, 6),
  rate: decimal(28, 10),
  instant: {
    ddl: 'timestamptz',
    inCatalog: 'timestamp with time zone',
    vector: () => new WordVector(TIMESTAMPTZ, EPOCH_MICROS),
  },
  day: { ddl: 'date', inCatalog: 'date', vector: () => new DayVector(DATE, EPOCH_DAYS) },
  flag: { ddl: 'boolean', inCatalog: 'boolean', vector: () => new FlagVector(BOOLEAN) },
  text: { ddl: 'text', inCatalog: 'varchar', vector: () => new TextVector(0) },
  json: { ddl: 'json', inCatalog: 'json', vector: () => new TextVector(1) },
}

/** DuckDB stores up to 18 digits in 64 bits, more in 128. */
function decimal(width: number, scale: number): Type {
  return {
    ddl: `decimal(${width}, ${scale})`,
    inCatalog: `decimal(${width},${scale})`,
    vector: () => new DecimalVector(DECIMAL(width, scale), scale, width > 18),
  }
}
