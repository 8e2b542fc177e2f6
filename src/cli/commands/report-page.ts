import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../../common/errors.ts'
import { makeFolder } from '../../common/make-folder.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import { VERSION } from '../../common/version.ts'
import type { Inspection } from '../../load/inspection.ts'
import { STORE_ZONE } from '../../schema/lookup-views.ts'
import { VIEW_SCHEMAS } from '../../schema/view.ts'
import type { App } from '../app.ts'
import { renderChart } from '../report-page/chart.ts'
import { currenciesOf, headlineOf, missingOf, renderPage } from '../report-page/page.ts'
import { type AskedMonths, readPageData } from '../report-page/page-data.ts'
import type { Tile } from '../report-page/sections/headline.ts'
import type { Result } from './result.ts'

export interface PageOptions {
  /** File that the page is written to. */
  readonly out: string
  readonly months: AskedMonths
}

/** What a page came to. */
export interface WrittenPage {
  readonly file: string
  readonly bytes: number
  /** The day that the data reaches; null: nothing was synced yet. */
  readonly as_of: string | null
  /** First days of the first and the last month. */
  readonly from: string
  readonly to: string
  readonly currencies: readonly string[]
  /** The figures of its first screen, as they stand there. */
  readonly figures: readonly Pick<Tile, 'name' | 'value' | 'note'>[]
  /** What the page says is missing. */
  readonly missing: readonly string[]
}

/** Writes a page with the figures of the views into one file, and says where it is. */
export async function reportPage(app: App, options: PageOptions): Promise<Result> {
  await using destination = await app.openForReaders()
  const page = await writeReportPage(app, destination, options)
  return {
    code: 0,
    json: page,
    text: paragraphs(
      lines(
        `The page is in ${page.file} (${Math.ceil(page.bytes / 1000)} kB): open it in any browser, or print it.`,
        ...(page.as_of === null ? [] : [`It reaches ${page.as_of}.`]),
      ),
      ...(page.missing.length === 0
        ? []
        : [lines('It says that something is missing:', ...page.missing.map(text => `  ${text}`))]),
    ),
  }
}

/**
 * Writes the page from a destination that is open. Reads only views.
 * @throws {ConfigError} if the months make no range, or the file cannot be written.
 */
export async function writeReportPage(
  app: App,
  destination: Pick<Inspection, 'query'>,
  { out, months: asked }: PageOptions,
): Promise<WrittenPage> {
  const { config } = app
  const schema = config.destination.schema + VIEW_SCHEMAS.analytics
  const data = await readPageData(destination, schema, asked)
  const { months, asOf } = data
  const imprint = {
    store: config.store,
    madeOn: app.now().slice(0, 10),
    version: VERSION,
    schema,
    zone: config.analytics.zone === STORE_ZONE ? 'the store’s time zone' : config.analytics.zone,
    isVersioned: config.history.includes('subscriptions'),
  }
  const page = app.secrets.scrub(await renderPage(data, imprint, renderChart))
  const file = resolve(out)
  writePage(file, page)
  return {
    file,
    bytes: Buffer.byteLength(page),
    as_of: asOf?.day ?? null,
    ...months,
    currencies: currenciesOf(data),
    figures: headlineOf(data).map(({ name, value, note }) => ({ name, value, note })),
    missing: missingOf(data, imprint),
  }
}

/**
 * Writes the file completely or not at all. Only this user may read it: it has a store's figures.
 * @throws {ConfigError}
 */
export function writePage(file: string, text: string): void {
  const part = `${file}.part`
  try {
    makeFolder(dirname(file))
    writeFileSync(part, text, { mode: 0o600 })
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    const message = `cannot be written: ${error instanceof Error ? error.message : String(error)}`
    throw new ConfigError('the command line', [{ path: '--out', line: null, message }])
  }
}
