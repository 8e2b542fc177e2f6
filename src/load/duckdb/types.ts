import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api'
import type { ColumnKind } from '../../declare/column.ts'
import type { Cell } from '../../model.ts'

interface Type {
  readonly ddl: string
  /** As `information_schema.columns` shows it. */
  readonly shownAs: string
  /** Of a vector in a data chunk. */
  readonly vector: DuckDBType
  readonly value: (cell: Cell) => DuckDBValue
}

const MICROS_PER_MILLI = 1000n
const DAY = 86_400_000

/** DDL of each kind, how it is shown, and how a cell gets into a data chunk. */
export const TYPES: Readonly<Record<ColumnKind, Type>> = {
  int: { ddl: 'bigint', shownAs: 'bigint', vector: BIGINT, value: cell => BigInt(String(cell)) },
  money: decimal(18, 6),
  rate: decimal(28, 10),
  instant: {
    ddl: 'timestamptz',
    shownAs: 'timestamp with time zone',
    vector: TIMESTAMPTZ,
    value: cell => new DuckDBTimestampTZValue(micros(String(cell))),
  },
  day: {
    ddl: 'date',
    shownAs: 'date',
    vector: DATE,
    value: cell => new DuckDBDateValue(Date.parse(`${cell}T00:00:00Z`) / DAY),
  },
  flag: { ddl: 'boolean', shownAs: 'boolean', vector: BOOLEAN, value: cell => cell },
  text: { ddl: 'text', shownAs: 'varchar', vector: VARCHAR, value: cell => cell },
  json: { ddl: 'json', shownAs: 'json', vector: VARCHAR, value: cell => cell },
}

function decimal(width: number, scale: number): Type {
  return {
    ddl: `decimal(${width}, ${scale})`,
    shownAs: `decimal(${width},${scale})`,
    vector: DECIMAL(width, scale),
    value: cell => {
      const [whole = '0', fraction = ''] = String(cell).split('.')
      return new DuckDBDecimalValue(BigInt(whole + fraction.padEnd(scale, '0')), width, scale)
    },
  }
}

/** Microseconds since 1970 of `2025-01-31T10:00:00.123456Z`. */
function micros(instant: string): bigint {
  return BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * MICROS_PER_MILLI + BigInt(instant.slice(23, 26))
}
