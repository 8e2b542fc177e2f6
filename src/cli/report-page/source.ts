import { DestinationError } from '../../common/errors.ts'
import type { Inspection } from '../../load/inspection.ts'

/** A row of a view; every value as text. */
export type Row<C extends string> = Readonly<Record<C, string | null>>

/** What the page reads of one view. */
export interface Source<C extends string> {
  readonly view: string
  readonly columns: readonly C[]
  /** Of these columns the sum over the rows that agree in all others. */
  readonly sums?: readonly C[]
  /** A column with the number of those rows, which the view does not have. */
  readonly counted?: C
  /** Columns that only choose rows. */
  readonly chosenBy?: readonly string[]
  /** Which rows. Default: all. */
  readonly where?: (months: Months) => string
}

/** Months of the page, both included, by their first days. */
export interface Months {
  readonly from: string
  readonly to: string
}

interface Missing {
  readonly rows: readonly []
  /** Why, in a sentence. */
  readonly missing: string
  /** Name of the view if it does not exist; null: there is another reason. */
  readonly absent: string | null
}

/** The rows of a view, or why there are none. */
export type Answer<C extends string> =
  | { readonly rows: readonly Row<C>[]; readonly missing: null; readonly absent: null }
  | Missing

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Reads views of one schema. */
export class ViewReader {
  readonly #destination: Pick<Inspection, 'query'>
  readonly #schema: string
  readonly #columns: ReadonlyMap<string, ReadonlySet<string>>

  private constructor(
    destination: Pick<Inspection, 'query'>,
    schema: string,
    columns: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.#destination = destination
    this.#schema = schema
    this.#columns = columns
  }

  static async open(destination: Pick<Inspection, 'query'>, schema: string): Promise<ViewReader> {
    const columns = new Map<string, Set<string>>()
    const found = await destination.query(
      `select table_name as name, column_name as col from information_schema.columns where table_schema = ${literal(schema)}`,
    )
    for (const { name, col } of found)
      if (name && col) columns.set(name, (columns.get(name) ?? new Set<string>()).add(col))
    return new ViewReader(destination, schema, columns)
  }

  /** Rows in the order of their columns. */
  async read<C extends string>(source: Source<C>, months: Months): Promise<Answer<C>> {
    const { view, columns, sums = [], counted, chosenBy = [], where } = source
    const known = this.#columns.get(view)
    if (known === undefined) return { ...none(`The view ${view} is not there.`), absent: view }
    const needed = [...columns.filter(column => column !== counted), ...chosenBy]
    const lacks = needed.filter(name => !known.has(name))
    if (lacks.length > 0) return none(`The view ${view} has no column ${lacks.join(', ')}: another version made it.`)
    const grouped = columns.filter(column => column !== counted && !sums.includes(column))
    const selected = columns.map(column => {
      const own = `v.${quoted(column)}`
      const value = column === counted ? 'count(*)' : sums.includes(column) ? `sum(${own})` : own
      return `cast(${value} as text) as ${quoted(column)}`
    })
    const text = [
      `select ${selected.join(', ')} from ${quoted(this.#schema)}.${quoted(view)} as v`,
      ...(where ? [`where ${where(months)}`] : []),
      ...(sums.length > 0 && grouped.length > 0 ? [`group by ${grouped.map(c => `v.${quoted(c)}`).join(', ')}`] : []),
      ...(grouped.length > 0 ? [`order by ${grouped.map(c => `v.${quoted(c)}`).join(', ')}`] : []),
    ].join(' ')
    try {
      return { rows: (await this.#destination.query(text)) as readonly Row<C>[], missing: null, absent: null }
    } catch (error) {
      // Nothing else can be read either.
      if (error instanceof DestinationError && error.reaction !== 'fail') throw error
      const [first = ''] = String(error instanceof Error ? error.message : error).split('\n')
      return none(`The view ${view} cannot be read: ${first}`)
    }
  }
}

const none = (missing: string): Missing => ({ rows: [], missing, absent: null })

export const day = (text: string): string => `cast(${literal(text)} as date)`
