import { renderTable } from '../card.ts'
import { count, longDay, UNKNOWN } from '../figures.ts'
import { type Html, html } from '../html.ts'
import type { PageData } from '../page-data.ts'

const dayOf = (instant: string | null): string => (instant === null ? UNKNOWN : longDay(instant.slice(0, 10)))

/** Before this a stream has no record: it is complete from the first one on. */
const BEGINNING = '1971-01-01'

const fromText = (day: string | null): string =>
  day === null ? UNKNOWN : day < BEGINNING ? 'the beginning' : longDay(day)

/** From when to when each stream is complete, what is missing between, and what the quality checks found. */
export function renderTrust({ rows: { completeness, checks } }: PageData): Html {
  const found = checks.rows.filter(row => Number(row.failing_rows ?? 0) > 0)
  const clean = checks.rows.length - found.length
  return html`<article class="card whole" id="completeness"><h3>From when to when the data is complete</h3>
${
  completeness.rows.length === 0
    ? html`<p class="missing">${completeness.missing ?? 'No stream was synced yet.'}</p>`
    : renderTable(
        {
          head: ['Stream', 'Complete from', 'Complete to', 'Gaps', 'Days missing'],
          rows: completeness.rows.map(row => [
            row.stream ?? '',
            fromText(row.complete_from_on),
            row.complete_to_on === null ? 'never complete' : longDay(row.complete_to_on),
            row.gaps === '0' ? 'none' : `${count(row.gaps)}, ${dayOf(row.first_gap_from)} to ${dayOf(row.last_gap_to)}`,
            count(row.days_missing),
          ]),
        },
        'From when to when the data is complete',
      )
}</article>
<article class="card whole" id="quality"><h3>Quality checks</h3>
${
  checks.rows.length === 0
    ? html`<p class="missing">${checks.missing ?? 'There are no quality checks.'}</p>`
    : html`<p>${
        found.length === 0
          ? `All ${checks.rows.length} checks found nothing.`
          : `${found.length} of ${checks.rows.length} checks found something; ${clean} found nothing.`
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
