import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/cli/app.ts'
import { reportPage, type WrittenPage } from '../../src/cli/commands/report-page.ts'
import { renderChart } from '../../src/cli/report-page/chart.ts'
import { renderPage } from '../../src/cli/report-page/page.ts'
import { NO_BROWSER } from '../support/browser.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { auditPage } from '../support/page-audit.ts'
import { HOSTILE, pageData } from '../support/page-rows.ts'
import { configFor, withSimulator } from '../support/run.ts'
import { withFixture } from '../support/views.ts'

/** The rows of a table of the page, by the id of its card. */
function tableOf(page: string, id: string): string[][] {
  const card = page.split('<article ').find(part => part.includes(`id="${id}"`)) ?? ''
  return [...card.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell = '']) => cell.replace(/<[^>]*>/g, '')),
  )
}

async function pageOf(destination: DestinationConfig, months: { from: string | null; to: string | null }) {
  return await withSimulator({}, simulator =>
    withFolder(async folder => {
      const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
      const out = join(folder, 'pages', 'report.html')
      const { code, json, text } = await reportPage(createApp(config, { level: 'silent' }), { out, months })
      expect(code, text).toBe(0)
      expect(statSync(out).mode & 0o777, 'only this user may read it').toBe(0o600)
      return { page: readFileSync(out, 'utf8'), json: json as WrittenPage, text }
    }),
  )
}

/** Holds a DuckDB file open for reading in a process of its own. */
async function whileRead<T>(file: string, work: () => Promise<T>): Promise<T> {
  const script = `const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(process.argv[1], { access_mode: 'READ_ONLY' })
    await instance.connect()
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    return await work()
  } finally {
    child.kill()
    await once(child, 'close')
  }
}

describe.each(DESTINATIONS)('$name', place => {
  test('the made-up store: its page has the figures of the views, and nothing is missing', () =>
    withFixture(place, async (sql, destination) => {
      const { page, json } = await pageOf(destination, { from: '2025-01-01', to: '2025-03-01' })
      expect(json).toMatchObject({
        as_of: '2025-04-01',
        from: '2025-01-01',
        to: '2025-03-01',
        currencies: ['USD'],
        missing: [],
      })
      expect(tableOf(page, 'mrr-usd')).toEqual([
        ['Month', 'At its start', 'At its end', 'Change'],
        ['Jan 2025', '$0.00', '$199.94', '+$199.94'],
        ['Feb 2025', '$199.94', '$179.94', '-$20.00'],
        ['Mar 2025', '$179.94', '$164.94', '-$15.00'],
      ])
      const [, , , march] = tableOf(page, 'mrr-moved-usd')
      expect(march).toEqual([
        'Mar 2025',
        '$179.94',
        '$0.00',
        '+$5.00',
        '+$10.00',
        '$0.00',
        '$0.00',
        '-$30.00',
        '$0.00',
        '$164.94',
      ])
      const [, ...payments] = tableOf(page, 'payments-usd')
      expect(payments.map(row => row.slice(0, 6))).toEqual([
        ['Jan 2025', '1', '0', '0', '0', '0'],
        ['Feb 2025', '4', '2', '1', '0', '1'],
        ['Mar 2025*', '4', '1', '0', '1', '0'],
      ])
      const [revenue] = await sql(
        `select cast(cast(sum(net_revenue) as decimal(18, 2)) as text) as net from recharge_analytics.revenue_monthly where month_start = date '2025-03-01'`,
      )
      expect(tableOf(page, 'revenue-usd').find(([month]) => month === 'Mar 2025')).toContain(`$${revenue?.net}`)
      expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(10)
      const unexplained = page
        .split('<article ')
        .filter(part => /^class="(?:tile|card)/.test(part) && /<p class="value|<svg/.test(part))
        .filter(part => !part.includes('<summary>Definition'))
      expect(unexplained.map(part => /<h\d[^>]*>(.*?)<\/h\d>/.exec(part)?.[1])).toEqual([])
    }))

  test('it opens the warehouse for reading, and reads nothing but views', () =>
    withFixture(place, async (sql, destination) => {
      if (destination.kind === 'duckdb') {
        // Another reader locks out whoever opens the file for writing.
        await whileRead(destination.file, () => pageOf(destination, { from: null, to: null }))
        return
      }
      // A role that may read the schema of the views, and no table.
      const role = `reader_${new URL(destination.url).pathname.slice(1)}`
      await sql(`create role ${role} login password 'x'`)
      try {
        await sql(`grant usage on schema recharge_analytics to ${role}`)
        await sql(`grant select on all tables in schema recharge_analytics to ${role}`)
        const url = new URL(destination.url)
        url.username = role
        url.password = 'x'
        const { json } = await pageOf({ ...destination, url: url.href }, { from: null, to: null })
        expect(json).toMatchObject({ as_of: '2025-04-01', missing: [] })
        await sql(`revoke select on recharge_analytics.churn_monthly from ${role}`)
        const less = await pageOf({ ...destination, url: url.href }, { from: null, to: null })
        expect(less.json.missing).toContain('The view churn_monthly is not there.')
      } finally {
        await sql(`drop owned by ${role}`)
        await sql(`drop role ${role}`)
      }
    }))

  test('a view that cannot be read, or is of another version, is named, and the rest of the page stays', () =>
    withFixture(place, async (_, destination) => {
      await withQuery(destination, async query => {
        await query('create schema apart')
        await query('create table apart.broken as select 1 as severity')
        for (const view of ['quality_checks', 'mrr_current'])
          await query(`drop view recharge_analytics.${view} cascade`)
        await query('create view recharge_analytics.quality_checks as select severity from apart.broken')
        await query(
          `create view recharge_analytics.mrr_current as select 'USD' as currency, 'no number' as mrr, 'none' as subscriptions`,
        )
      })
      const { page, json } = await pageOf(destination, { from: null, to: null })
      expect(json.missing).toEqual([
        expect.stringMatching(/^The view mrr_current cannot be read: .*sum/),
        'The view quality_checks has no column name, failing_rows, example, description: another version made it.',
        expect.stringContaining('The command views makes'),
      ])
      expect(tableOf(page, 'mrr-usd').length).toBeGreaterThan(3)
    }))
})

describe('the command', () => {
  const CONFIG = 'recharge: { token: x }\ndestination: { duckdb: state/warehouse.duckdb }\n'

  test('without a warehouse it writes a page that says so, and makes no warehouse', () =>
    withFolder(async folder => {
      writeConfig(folder, CONFIG)
      const { code, stdout, stderr } = await cli(folder, ['report'])
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`The page is in ${join(folder, 'report.html')}`)
      expect(stdout).toContain('Nothing was synced yet. Run sync, then report again.')
      expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<h2 id="missing">What is missing</h2>')
      expect(() => statSync(join(folder, 'state'))).toThrow('ENOENT')
    }))

  test.each([
    ['a month that is none', ['--from', '2025-13'], 'Give a month, such as 2025-03.'],
    ['a file that is a folder', ['--out', 'taken'], '--out: cannot be written'],
  ])('%s: exit 2', (_, args, message) =>
    withFolder(async folder => {
      writeConfig(folder, CONFIG)
      mkdirSync(join(folder, 'taken'))
      const { code, stderr } = await cli(folder, ['report', ...args])
      expect(stderr).toContain(message)
      expect(code).toBe(2)
      expect(readdirSync(folder).toSorted()).toEqual(['sync.config.yaml', 'taken'])
    }),
  )
})

describe.skipIf(NO_BROWSER !== null)('in a browser', () => {
  const IMPRINT = {
    store: null,
    madeOn: '2026-11-29',
    version: '1.2.3',
    schema: 'recharge_analytics',
    zone: 'America/New_York',
    isVersioned: false,
  }

  test('two currencies, long numbers and hostile names: readable at three widths, in both themes', () =>
    withFolder(async folder => {
      const file = join(folder, 'page.html')
      const data = pageData(['USD', 'EUR'], undefined, `${HOSTILE} ${'long '.repeat(20)}${'x'.repeat(120)}`)
      const rich = data.rows.current.rows.map(row => ({ ...row, mrr: '123456789.1200' }))
      const rows = { ...data.rows, current: { rows: rich, missing: null, absent: null } } as const
      writeFileSync(file, await renderPage({ ...data, rows }, IMPRINT, renderChart))
      expect(await auditPage(file)).toEqual([])
    }))

  test('the audit finds what it looks for', () =>
    withFolder(async folder => {
      const file = join(folder, 'page.html')
      writeFileSync(
        file,
        `<!doctype html><meta charset="utf-8"><style>@media (prefers-color-scheme:dark){body{background:#222}}</style>
<h1>A</h1><h3>B</h3><p style="color:#999;background:#fff">pale</p><div style="width:500px">wide</div><img src="/x.png" alt="">
<svg viewBox="0 0 90 20" width="90"><path d="M0,0h90v20h-90Z" fill="#fff"/><text y="15" fill="#eee">faint</text></svg>
<script>console.log('said')</script>`,
      )
      const found = await auditPage(file, [
        { width: 360, scheme: 'light' },
        { width: 1280, scheme: 'dark' },
      ])
      for (const problem of [
        'light, 360: h3 follows h1',
        'light, 360: contrast 2.85 of #999999 on #ffffff: pale',
        'light, 360: contrast 1.16 of #eeeeee on #ffffff: faint',
        'dark, 1280: contrast 1.32 of #000000 on #222222: A',
        'light, 360: a chart has no name',
        'light, 360: the chart  has no table',
        'light, 360: console: said',
      ])
        expect(found).toContain(problem)
      expect(found.some(problem => /^light, 360: too wide: DIV wide/.test(problem))).toBe(true)
      expect(found.some(problem => /^light, 360: request: .*\/x\.png$/.test(problem))).toBe(true)
    }))
})
