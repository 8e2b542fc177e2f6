import { renderTable } from '../card.ts'
import { count, longDay, UNKNOWN } from '../figures.ts'
import { type Html, html } from '../html.ts'
import type { PageData, RowOfPage } from '../page-data.ts'

const dayOf = (instant: string | null): string => (instant === null ? UNKNOWN : longDay(instant.slice(0, 10)))

/** Before this a stream has no record: it is complete from the first one on. */
const BEGINNING = '1971-01-01'

const fromText = (day: string | null): string =>
  day === null ? UNKNOWN : day < BEGINNING ? 'the beginning' : longDay(day)

type Complete = RowOfPage<'completeness'>

const HEAD = ['Stream', 'Complete from', 'Complete to', 'Gaps', 'Days missing']

const rowOf = (row: Complete): string[] => [
  row.stream ?? '',
  fromText(row.complete_from_on),
  row.complete_to_on === null ? 'never complete' : longDay(row.complete_to_on),
  row.gaps === '0' || row.gaps === null
    ? 'none'
    : `${count(row.gaps)}, ${dayOf(row.first_gap_from)} to ${dayOf(row.last_gap_to)}`,
  count(row.days_missing),
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
  const found = checks.rows.filter(row => Number(row.failing_rows ?? 0) > 0)
  return html`<article class="card whole" id="completeness"><h3>${title}</h3>
${completeness.rows.length === 0 ? html`<p class="missing">${completeness.missing ?? 'No stream was synced yet.'}</p>` : null}
${whole.length === 0 ? null : html`<p>${whole.length} of ${completeness.rows.length} streams are complete from their first record on, at least to ${longDay(oldest)}.${parts.length === 0 ? '' : ' These are not:'}</p>`}
${parts.length === 0 ? null : renderTable({ head: HEAD, rows: parts.map(rowOf) }, title)}
${whole.length === 0 ? null : html`<details><summary>The ${whole.length} others</summary>${renderTable({ head: HEAD, rows: whole.map(rowOf) }, 'Streams that are complete')}</details>`}
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
    : renderTable(
        {
          head: ['Check', 'Severity', 'Rows', 'What it means', 'Example'],
          rows: found.map(row => [
            row.name ?? '',
            row.severity ?? '',
            count(row.failing_rows),
            row.description ?? '',
            row.example ?? '',
          ]),
        },
        'Quality checks that found something',
      )
}</article>`
}
