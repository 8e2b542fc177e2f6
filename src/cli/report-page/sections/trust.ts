import { renderTable } from '../card.ts'
import { count, longDay, mediumDay, UNKNOWN } from '../figures.ts'
import { type Html, html } from '../html.ts'
import type { PageData, RowOfPage } from '../page-data.ts'

const dayOf = (instant: string | null): string => (instant === null ? UNKNOWN : mediumDay(instant.slice(0, 10)))

/** Before this a stream has no record: it is complete from the first one on. */
const BEGINNING = '1971-01-01'

const fromText = (day: string | null): string =>
  day === null ? UNKNOWN : day < BEGINNING ? 'the first record' : mediumDay(day)

type Complete = RowOfPage<'completeness'>

/** The worst first. */
const SEVERITIES = ['error', 'warning', 'info']

const HEAD = ['Stream', 'From', 'To', 'Gaps']
const WORDS = [1, 2, 3]

const rowOf = (row: Complete): string[] => [
  row.stream ?? '',
  fromText(row.complete_from_on),
  row.complete_to_on === null ? 'never complete' : mediumDay(row.complete_to_on),
  row.gaps === '0' || row.gaps === null
    ? 'none'
    : `${count(row.gaps)} with ${count(row.days_missing)} days, ${dayOf(row.first_gap_from)} to ${dayOf(row.last_gap_to)}`,
]

/** Whether every record that the source ever had is there. */
const isWhole = ({ complete_from_on: from, complete_to_on: to, gaps }: Complete): boolean =>
  from !== null && from < BEGINNING && to !== null && gaps === '0'

/** From when to when each stream is complete, what is missing between, and what the quality checks found. */
export function renderTrust({ rows: { completeness, checks } }: PageData): Html {
  const parts = completeness.rows.filter(row => !isWhole(row))
  const whole = completeness.rows.filter(isWhole)
  const oldest = whole.map(row => row.complete_to_on ?? '').sort()[0] ?? null
  const title = 'From when to when the data is complete'
  const found = checks.rows
    .filter(row => Number(row.failing_rows ?? 0) > 0)
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity ?? '') - SEVERITIES.indexOf(b.severity ?? ''))
  return html`<article class="card whole" id="completeness"><h3>${title}</h3>
${completeness.rows.length === 0 ? html`<p class="missing">${completeness.missing ?? 'No stream was synced yet.'}</p>` : null}
${whole.length === 0 ? null : html`<p>${whole.length} of ${completeness.rows.length} streams are complete from their first record on, at least to ${longDay(oldest)}.${parts.length === 0 ? '' : ' These are not:'}</p>`}
${parts.length === 0 ? null : renderTable({ head: HEAD, words: WORDS, rows: parts.map(rowOf) }, title)}
${whole.length === 0 ? null : html`<details><summary>The ${whole.length} others</summary>${renderTable({ head: HEAD, words: WORDS, rows: whole.map(rowOf) }, 'Streams that are complete')}</details>`}
</article>
<article class="card whole" id="quality"><h3>Quality checks</h3>
${
  checks.rows.length === 0
    ? html`<p class="missing">${checks.missing ?? 'There are no quality checks.'}</p>`
    : html`<p>${
        found.length === 0
          ? `None of the ${checks.rows.length} checks found anything.`
          : `${found.length} of ${checks.rows.length} checks found something.`
      }</p>`
}
${
  found.length === 0
    ? null
    : html`<dl>${found.map(
        row => html`<dt>${row.name} <span class="severity">(${row.severity})</span></dt>
<dd>${count(row.failing_rows)} ${row.failing_rows === '1' ? 'row' : 'rows'}${row.example === null ? null : html`, for example <bdi>${row.example}</bdi>`}. ${row.description}</dd>`,
      )}</dl>`
}</article>`
}
