/** The kind of a column's values. Each database folder maps it to a type. `transform/coerce.ts` reads the values; `encode.ts` beside it is the fast path. */
export type ColumnKind = 'int' | 'money' | 'rate' | 'instant' | 'day' | 'flag' | 'text' | 'json'

/** The time zone of timestamps without an offset. */
export type Zone = 'America/New_York' | 'UTC'

/** What is stored of a value: the value itself, a salted hash, or nothing. */
export type Policy = 'keep' | 'hash' | 'omit'

/** What an id identifies: a record of another stream, or of the same. */
export interface Reference {
  /** The stream, whose key is `id`. */
  readonly stream: string
  /** Only in rows that have this value in another column of the table; null: in every row. */
  readonly when: { readonly column: string; readonly value: string } | null
}

export interface Column<K extends ColumnKind = ColumnKind, R extends boolean = boolean> {
  readonly kind: K
  /** Whether a record without a value here is rejected. Only a key is required. */
  readonly required: R
  /** What the value means, for an analyst. Never empty. */
  readonly doc: string
  /** Dotted path in the record; null: the column's own name. */
  readonly from: string | null
  /**
   * Other names of the value: dotted paths in the record, relative to the same object as `from`. The first name that has a
   * value counts. If two names have different values, the other value stays in `_extra`.
   */
  readonly also: readonly string[]
  /** A text whose value may be of any type. A list or an object is stored as its JSON text. */
  readonly any: boolean
  /** The values that are known; none: not listed. The API may send others, and they are stored too. */
  readonly values: readonly string[]
  /** What the column joins to. Of several, each applies to the rows of its own condition. */
  readonly references: readonly Reference[]
  /**
   * The value opens something or identifies somebody who has no business with the store: a processor token, a login link,
   * a key of the customer portal, a code that spends money, the email address of the recipient of a gift.
   */
  readonly sensitive: boolean
  /**
   * What is left of the value when a person is forgotten: nothing of a personal one. Text and JSON are personal unless the
   * declaration says otherwise, and so are inferred columns of every kind.
   */
  readonly personal: boolean
  /** The email address by which a customer is found. */
  readonly contact?: true
  /** JSON that may hold ids and email addresses of customers, and then belongs to them. */
  readonly mentions?: true
  /** Declared as `keep`, or `hash` if the column is sensitive. The configuration may change it. */
  readonly policy: Policy
  readonly zone: Zone
  /** Keeps a part of the value that another column with the same path keeps whole. */
  readonly derived: boolean
  /** Inferred for an unknown field: a value that does not fit stays in `_extra`. */
  readonly inferred?: true
  /** Members of the objects of a list in JSON, as columns of the view that has a row for each. Absent: there is no such view. */
  readonly elements?: Columns
}

export type Columns = Readonly<Record<string, Column>>

function column<K extends ColumnKind>(kind: K, doc: string, from: string | undefined, zone: Zone): Column<K, false> {
  return {
    kind,
    doc,
    from: from ?? null,
    also: [],
    any: false,
    values: [],
    references: [],
    required: false,
    sensitive: false,
    personal: kind === 'text' || kind === 'json',
    policy: 'keep',
    zone,
    derived: false,
  }
}

/*
 * Timestamps without an offset are US Eastern wall time: one order read under both API versions has 00:07:28 without an
 * offset and 04:07:28+00:00 with one [observed]. For resources without an offset under 2021-11 too this is [inferred], so
 * a column may set `UTC`, and no order of records may depend on it.
 */
const EASTERN: Zone = 'America/New_York'

/** BIGINT. Ids and counts, also when the API writes them as text. */
export const int = (doc: string, from?: string): Column<'int', false> => column('int', doc, from, EASTERN)
/** DECIMAL(18,6). An amount in the currency that the record names. */
export const money = (doc: string, from?: string): Column<'money', false> => column('money', doc, from, EASTERN)
/** DECIMAL(28,10). A percentage, a tax rate, a weight, or a number whose unit another column names. */
export const rate = (doc: string, from?: string): Column<'rate', false> => column('rate', doc, from, EASTERN)
/** TIMESTAMPTZ. */
export const instant = (doc: string, from?: string, zone: Zone = EASTERN): Column<'instant', false> =>
  column('instant', doc, from, zone)
/** DATE. */
export const day = (doc: string, from?: string): Column<'day', false> => column('day', doc, from, EASTERN)
/**
 * DATE. The day of an instant whose hour has no meaning, beside the column that keeps the instant. If the API writes a
 * midnight, it is the day as written, else the day in US Eastern: some resources write an Eastern midnight in UTC [observed].
 */
export const dayOf = (doc: string, from: string): Column<'day', false> => ({
  ...column('day', doc, from, EASTERN),
  derived: true,
})
/** BOOLEAN. 0, 1, "0", "1", "true" and "false" are accepted too. */
export const flag = (doc: string, from?: string): Column<'flag', false> => column('flag', doc, from, EASTERN)
/** TEXT. */
export const text = (doc: string, from?: string): Column<'text', false> => column('text', doc, from, EASTERN)
/**
 * TEXT. A value of any type that is nearly always a text, as the value of a custom property. A number or a boolean is
 * stored as its text, a list or an object as its JSON text. In a JSON column a text would stand in quotes, and
 * `value = 'Whole bean'` would find nothing.
 */
export const anyText = (doc: string, from?: string): Column<'text', false> => ({ ...text(doc, from), any: true })
/** JSON (JSONB in Postgres). A list, or an object inside a list. */
export const json = (doc: string, from?: string): Column<'json', false> => column('json', doc, from, EASTERN)

/** The same column as a part of the key: a record without a value is rejected. */
export const required = <K extends ColumnKind>(column: Column<K, boolean>): Column<K, true> => ({
  ...column,
  required: true,
})

/**
 * The same column, read from these paths too, because the API does not use one name everywhere: `bundle_variant` stands for
 * `bundle_variant_id`. The column's own path comes first.
 */
export const alsoFrom = <K extends ColumnKind, R extends boolean>(
  also: readonly string[],
  column: Column<K, R>,
): Column<K, R> => ({ ...column, also })

/** The same column, marked as a credential. */
export const sensitive = <K extends ColumnKind, R extends boolean>(column: Column<K, R>): Column<K, R> => ({
  ...column,
  sensitive: true,
  policy: 'hash',
})

/** The same column, whose values say nothing of a person: a product, an amount, a state, an id of another system. */
export const notPersonal = <K extends ColumnKind, R extends boolean>(column: Column<K, R>): Column<K, R> => ({
  ...column,
  personal: false,
})

/** The same column, whose values say something of a person though they are neither text nor JSON. */
export const personal = <K extends ColumnKind, R extends boolean>(column: Column<K, R>): Column<K, R> => ({
  ...column,
  personal: true,
})

/** The same column, which has the email address of the customer whose record it is. */
export const contact = <R extends boolean>(column: Column<'text', R>): Column<'text', R> => ({
  ...column,
  contact: true,
})

/** The same column, which belongs to every customer whose id or email address stands in it. */
export const mentions = <R extends boolean>(column: Column<'json', R>): Column<'json', R> => ({
  ...column,
  mentions: true,
})

/** The same column, with the values that are known, which are not personal. The API may send others, and they are stored too. */
export const oneOf = <R extends boolean>(
  values: readonly [string, ...string[]],
  column: Column<'text', R>,
): Column<'text', R> => ({ ...column, values, personal: false })

/** The same column, which has the id of a record of `stream`. With several streams it is not known of which. */
export const references = <R extends boolean>(
  stream: string | readonly [string, string, ...string[]],
  column: Column<'int', R>,
): Column<'int', R> => ({
  ...column,
  references: [stream].flat().map(one => ({ stream: one, when: null })),
})

/**
 * The same column, which has the id of a record of one of several streams.
 * @param by column of the same table whose value says of which.
 * @param streams by that value.
 */
export const referencesBy = <R extends boolean>(
  by: string,
  streams: Readonly<Record<string, string>>,
  column: Column<'int', R>,
): Column<'int', R> => ({
  ...column,
  references: Object.entries(streams).map(([value, stream]) => ({ stream, when: { column: by, value } })),
})

/** The same column, a list of objects that have these members. A view has a row for each object. */
export const listOf = <R extends boolean>(elements: Columns, column: Column<'json', R>): Column<'json', R> => ({
  ...column,
  elements,
})

/** A custom name and its value, as several lists have them. */
export const PROPERTIES: Columns = { name: text('Name of the property.'), value: anyText('Value of the property.') }

/** A tax, as lines and shipping methods list them. */
export const TAX_LINES: Columns = {
  title: text('Name of the tax.'),
  price: money('Amount of the tax.'),
  rate: rate('Rate of the tax as a fraction: 0.0725 is 7.25 percent.'),
  unit_price: money('Tax on one unit, where given.'),
}
