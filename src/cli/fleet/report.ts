import { join, resolve } from 'node:path'
import { lines, paragraphs } from '../../common/printable.ts'
import { secretsOf } from '../../common/secrets.ts'
import { VERSION } from '../../common/version.ts'
import { clock } from '../app.ts'
import { type WrittenPage, writePage } from '../commands/report-page.ts'
import type { Result } from '../commands/result.ts'
import type { Fleet } from '../config/fleet.ts'
import { Html, html } from '../report-page/html.ts'
import { STYLE } from '../report-page/style.ts'
import { fleetCode, outcomeOf, problemsText, type StoreOutcome } from './outcome.ts'
import { runStores } from './side-by-side.ts'
import { standing } from './tables.ts'

/** A store as the page of the fleet shows it. */
interface StoreRow {
  readonly store: string
  /** Null: its page could not be written. */
  readonly page: WrittenPage | null
  /** To what day and time all of its streams are complete, and when it last ran. */
  readonly completeTo: string | null
  readonly lastRun: string | null
  /** What is not right with the store; empty: nothing. */
  readonly problems: readonly string[]
}

/** Writes a page for each store, and one with all of them, each leading to its own. */
export async function fleetReport(fleet: Fleet, out: string, signal: AbortSignal): Promise<Result> {
  const folder = resolve(out)
  const quiet = { isWatched: false, ended: () => {} }
  const pages = await runStores(
    fleet,
    { ...quiet, command: store => ['report', '--out', join(folder, `${store}.html`)] },
    signal,
  )
  const standings = await runStores(fleet, { ...quiet, command: () => standing([]).command }, signal)
  const outcomes = pages.map(outcomeOf)
  const rows = fleet.stores.map(({ name }, i): StoreRow => {
    const status = standings[i]
    const [, , , , completeTo = null, lastRun = null] = status?.json ? standing([]).cells(status.json as never) : []
    const found = [outcomes[i], ...(status ? [outcomeOf(status)] : [])].flatMap(outcome => problemIn(outcome))
    const page = outcomes[i]?.outcome === 'ok' ? (pages[i]?.json as WrittenPage) : null
    return { store: name, page, completeTo: text(completeTo), lastRun: text(lastRun), problems: [...new Set(found)] }
  })
  const file = join(folder, 'index.html')
  writePage(file, secretsOf(fleet.secrets).scrub(pageOf(rows)))
  return {
    code: fleetCode(outcomes, signal.aborted),
    json: { file, stores: rows },
    text: paragraphs(
      lines(`The page of all stores is in ${file}: open it in any browser.`),
      problemsText(outcomes, 'in order'),
    ),
  }
}

const text = (cell: string | number | null): string | null => (cell === null ? null : String(cell))

const problemIn = (outcome: StoreOutcome | undefined): readonly string[] =>
  outcome === undefined || outcome.outcome === 'ok' ? [] : [outcome.problem?.message ?? outcome.outcome]

/** Amounts are never added up: the stores may have several currencies. */
function pageOf(rows: readonly StoreRow[]): string {
  const names = [...new Set(rows.flatMap(({ page }) => page?.figures.map(({ name }) => name) ?? []))]
  const wrong = rows.filter(({ problems }) => problems.length > 0)
  const figure = (row: StoreRow, name: string): string =>
    row.page?.figures.find(found => found.name === name)?.value ?? '–'
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Subscription report of ${rows.length} stores</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><h1>Subscription report of ${rows.length} stores</h1>
${
  wrong.length === 0
    ? null
    : html`<section class="notice" aria-labelledby="wrong"><h2 id="wrong">Not right: ${wrong.length} of ${rows.length} stores</h2><ul>${wrong.map(({ store, problems }) => html`<li>${store}: ${problems.join('; ')}</li>`)}</ul></section>`
}</header>
<main><section aria-labelledby="stores"><h2 id="stores">Stores</h2>
<article class="card"><div class="scroll" tabindex="0" role="region" aria-labelledby="stores"><table>
<thead><tr><th scope="col">Store</th>${names.map(name => html`<th scope="col">${name}</th>`)}<th scope="col">Complete to</th><th scope="col">Last run</th><th scope="col">State</th></tr></thead>
<tbody>${rows.map(
    row =>
      html`<tr><th scope="row">${row.page === null ? row.store : html`<a href="${row.store}.html">${row.store}</a>`}</th>${names.map(name => html`<td>${figure(row, name)}</td>`)}<td>${row.completeTo ?? '–'}</td><td>${row.lastRun ?? '–'}</td><td>${row.problems.length === 0 ? 'right' : 'not right'}</td></tr>\n`,
  )}</tbody></table></div></article></section></main>
<footer><p>Made by recharge-sync ${VERSION} on ${new Date(clock()).toISOString().slice(0, 10)}. The page of each store says of when its figures are, and what they mean.</p></footer>
</body>
</html>
`.text
}
