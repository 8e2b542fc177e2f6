import type { TopLevelSpec } from 'vega-lite'
import type { Definitions, MetricName } from './definitions.ts'
import { Html, html } from './html.ts'
import { colourOf, type Series } from './palette.ts'

/** Numbers of a chart, for those who cannot see it and those who want to read them. The first column names the row. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Columns of words, by their index. All others but the first have numbers. */
  readonly words?: readonly number[]
}

/** A chart with all that belongs to it. */
export interface Card {
  /** Unique on the page. */
  readonly id: string
  /** What the chart shows. */
  readonly title: string
  /** What it comes to, in a sentence or two. */
  readonly says: string
  /** What a reader has to know besides. */
  readonly notes: readonly string[]
  /** Drawn on a phone, and on a wide screen if there is no `wide`. If there is, its marks need no labels: a phone has no pointer. */
  readonly narrow: TopLevelSpec
  /** Drawn over the whole page on a wide screen. */
  readonly wide: TopLevelSpec | null
  /** Names of what the colours stand for; none: there is one colour. */
  readonly legend: readonly (readonly [Series, string])[]
  readonly table: Table
  readonly metrics: readonly MetricName[]
}

/** In place of a chart: what is missing. */
export interface EmptyCard {
  readonly id: string
  readonly title: string
  readonly missing: string
  readonly metrics: readonly MetricName[]
}

export type AnyCard = Card | EmptyCard

/** Draws a chart. `labelledBy` is the id of the element that says what it shows. */
export type Draw = (spec: TopLevelSpec, labelledBy: string) => Promise<string>

/** @param level of the heading: 3 below a section, 4 below a currency. */
export async function renderCard(card: AnyCard, level: 3 | 4, definitions: Definitions, draw: Draw): Promise<Html> {
  const title = heading(level, card.title, `${card.id}-title`)
  const explained = definitions.detailsOf(card.metrics)
  if ('missing' in card)
    return html`<article class="card" id="${card.id}">${title}<p class="missing">${card.missing}</p>${explained}</article>`
  const { id, says, notes, narrow, wide, legend } = card
  const drawn = async (spec: TopLevelSpec, only: string): Promise<Html> =>
    html`<div class="chart${only}">${new Html(await draw(spec, `${id}-title`))}</div>`
  const charts =
    wide === null ? await drawn(narrow, '') : html`${await drawn(narrow, ' on-phone')}${await drawn(wide, ' on-wide')}`
  const names = legend.map(
    ([series, name]) => html`<li><span class="swatch" style="background:${colourOf(series)}"></span>${name}</li>`,
  )
  return html`<article class="card${wide === null ? '' : ' whole'}" id="${id}">${title}<p>${says}</p>
${names.length > 0 ? html`<ul class="legend">${names}</ul>` : null}
${charts}
${notes.map(note => html`<p class="note">${note}</p>`)}
<details><summary>Numbers<span class="hidden"> of ${card.title}</span></summary>${renderTable(card.table, card.title)}</details>
${explained}</article>`
}

export const heading = (level: 3 | 4, text: string, id: string): Html =>
  level === 3 ? html`<h3 id="${id}">${text}</h3>` : html`<h4 id="${id}">${text}</h4>`

/** @param caption names the table for those who do not see what stands around it. */
export const renderTable = ({ head, rows, words = [] }: Table, caption: string): Html => {
  const kind = (column: number): Html => new Html(words.includes(column) ? ' class="words"' : '')
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}: numbers"><table><caption class="hidden">${caption}</caption><thead><tr>${head.map(
    (name, i) => html`<th scope="col"${kind(i)}>${name}</th>`,
  )}</tr></thead><tbody>
${rows.map(
  ([name = '', ...cells]) =>
    html`<tr><th scope="row"><bdi>${name}</bdi></th>${cells.map((cell, i) => html`<td${kind(i + 1)}>${cell}</td>`)}</tr>\n`,
)}</tbody></table></div>`
}
