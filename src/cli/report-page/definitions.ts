import { type Html, html } from './html.ts'
import type { RowOfPage } from './page-data.ts'

/** A metric as `metric_definitions` knows it: a view, and a column of it; null: the view as a whole. */
export type MetricName = readonly [view: string, column: string | null]

type Definition = RowOfPage<'definitions'>

/** The definitions of metrics, as the warehouse has them. */
export class Definitions {
  readonly #rows: readonly Definition[]

  constructor(rows: readonly Definition[]) {
    this.#rows = rows
  }

  /** What can be opened to read how metrics are defined; null: the warehouse does not say. */
  detailsOf(metrics: readonly MetricName[]): Html | null {
    const found = metrics.flatMap(([view, column]) =>
      this.#rows.filter(row => row.view === view && (column === null || row.column === column)),
    )
    if (found.length === 0) return null
    const names = found.map(nameOf).join(', ')
    return html`<details><summary>Definition<span class="hidden"> of ${names}</span></summary><dl>${found.map(described)}</dl></details>`
  }

  /** Every definition there is. */
  list(): Html {
    return html`<dl>${this.#rows.map(described)}</dl>`
  }

  get count(): number {
    return this.#rows.length
  }
}

/** A metric that is named like a column, in words. */
const nameOf = ({ name }: Pick<Definition, 'name'>): string => (name ?? '').replaceAll('_', ' ')

const described = ({ name, view, column, definition, source, differs_from_recharge }: Definition): Html =>
  html`<dt>${nameOf({ name })}</dt><dd>${definition}${
    differs_from_recharge
      ? html` <span class="differs">Differs from Recharge’s dashboard: ${differs_from_recharge}</span>`
      : null
  }${source ? html` <span class="note">Source: ${source}</span>` : null} <code>${[view, column].filter(text => text !== null).join('.')}</code></dd>`
