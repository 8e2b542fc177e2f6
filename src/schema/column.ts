/** What a value is. Each database folder says how it stores each kind; `transform/coerce.ts` says how it is read. */
export type ColumnKind = 'int' | 'money' | 'rate' | 'instant' | 'day' | 'flag' | 'text' | 'json'

/** The zone of a timestamp that carries no offset. */
export type Zone = 'America/New_York' | 'UTC'

/** What is stored of a value: the value, a hash that equal values share, or nothing. */
export type Policy = 'keep' | 'hash' | 'omit'

export interface Column<K extends ColumnKind = ColumnKind, R extends boolean = boolean> {
  readonly kind: K
  /** A record without a value here is rejected. */
  readonly required: R
  /** What the value means, in words for an analyst. Never empty. */
  readonly doc: string
  /** Dotted path in the record. Absent: the column's own name. */
  readonly from: string | null
  /** Opens doors: a processor token, a login link, a key of the customer portal. */
  readonly sensitive: boolean
  /** As declared `keep`, and `hash` for what is sensitive; an operator may say otherwise. */
  readonly policy: Policy
  readonly zone: Zone
  /** Reads again what another column of the same path keeps whole, and keeps a part of it. */
  readonly derived: boolean
  /** Made for a field that no declaration names: a value that does not fit stays in `_extra`. */
  readonly inferred?: true
}

export type Columns = Readonly<Record<string, Column>>

function column<K extends ColumnKind>(kind: K, doc: string, from: string | undefined, zone: Zone): Column<K, false> {
  return { kind, doc, from: from ?? null, required: false, sensitive: false, policy: 'keep', zone, derived: false }
}

/*
 * Naive timestamps mean US Eastern wall time: one order read under both API versions shows 00:07:28 without and
 * 04:07:28+00:00 with an offset [observed]. For resources that are naive on 2021-11 too this is inferred, so a column
 * may say `UTC`, and nothing that orders records may rest on it.
 */
const EASTERN: Zone = 'America/New_York'

/** BIGINT. Ids and counts, also when the API writes them as text. */
export const int = (doc: string, from?: string): Column<'int', false> => column('int', doc, from, EASTERN)
/** DECIMAL(18,6). An amount in the currency that the record names. */
export const money = (doc: string, from?: string): Column<'money', false> => column('money', doc, from, EASTERN)
/** DECIMAL(28,10). A percentage, a tax rate, or a number whose unit another column names. */
export const rate = (doc: string, from?: string): Column<'rate', false> => column('rate', doc, from, EASTERN)
/** TIMESTAMPTZ. */
export const instant = (doc: string, from?: string, zone: Zone = EASTERN): Column<'instant', false> =>
  column('instant', doc, from, zone)
/** DATE. */
export const day = (doc: string, from?: string): Column<'day', false> => column('day', doc, from, EASTERN)
/**
 * DATE. The day that an instant means whose hour says nothing, beside the column that keeps the instant: the day as
 * written where a midnight is written, else the day in US Eastern, whose midnight some resources write in UTC [observed].
 */
export const dayOf = (doc: string, from: string): Column<'day', false> => ({
  ...column('day', doc, from, EASTERN),
  derived: true,
})
/** BOOLEAN. 0, 1, "0", "1", "true" and "false" are read as well. */
export const flag = (doc: string, from?: string): Column<'flag', false> => column('flag', doc, from, EASTERN)
/** TEXT. */
export const text = (doc: string, from?: string): Column<'text', false> => column('text', doc, from, EASTERN)
/** JSON (JSONB in Postgres). A list, an object inside a list, or a value whose shape varies. */
export const json = (doc: string, from?: string): Column<'json', false> => column('json', doc, from, EASTERN)

/** The same column, whose absence rejects the record. */
export const required = <K extends ColumnKind>(column: Column<K, boolean>): Column<K, true> => ({
  ...column,
  required: true,
})

/** The same column, marked as one that opens doors. */
export const sensitive = <K extends ColumnKind, R extends boolean>(column: Column<K, R>): Column<K, R> => ({
  ...column,
  sensitive: true,
  policy: 'hash',
})
