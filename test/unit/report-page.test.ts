import { describe, expect, test } from 'vitest'
import { renderChart } from '../../src/cli/report-page/chart.ts'
import { minus, signOf, sumOf } from '../../src/cli/report-page/decimal.ts'
import { count, longDay, money, percent } from '../../src/cli/report-page/figures.ts'
import { Html, html } from '../../src/cli/report-page/html.ts'
import { currenciesOf, type Imprint, missingOf, renderPage } from '../../src/cli/report-page/page.ts'
import { monthsOf, type PageData, readPageData, shifted } from '../../src/cli/report-page/page-data.ts'
import { DARK, LIGHT } from '../../src/cli/report-page/palette.ts'
import { Period } from '../../src/cli/report-page/period.ts'
import { tilesOf } from '../../src/cli/report-page/sections/headline.ts'
import { heatMap, labelled, lines, NARROW, ranking, stackedBars } from '../../src/cli/report-page/specs.ts'
import { contrast } from '../support/contrast.ts'
import { emptyRows, HOSTILE, pageData } from '../support/page-rows.ts'

const IMPRINT: Imprint = {
  store: null,
  madeOn: '2026-11-29',
  version: '1.2.3',
  schema: 'recharge_analytics',
  zone: 'America/New_York',
  isVersioned: true,
}
const pageOf = (data: PageData, imprint: Partial<Imprint> = {}): Promise<string> =>
  renderPage(data, { ...IMPRINT, ...imprint }, renderChart)
const tiles = (data: PageData, currency: string | null = 'USD') => {
  if (data.asOf === null) throw new Error('not synced')
  return Object.fromEntries(tilesOf(data, new Period(data.asOf, data.months), currency).map(tile => [tile.name, tile]))
}

describe('numbers', () => {
  test('sums and differences of decimals are exact', () => {
    expect(sumOf(['0.1000', '0.2000', null, '9007199254740993.0001'])).toBe('9007199254740993.300100')
    expect(sumOf([null])).toBeNull()
    expect(minus('1.00', '1.0001')).toBe('-0.000100')
    expect(minus('1.00', null)).toBeNull()
    expect([signOf('-0.0000'), signOf('-0.0001'), signOf('3')]).toEqual([0, -1, 1])
    expect(() => sumOf(['1e3'])).toThrow('1e3 is not a decimal number')
    expect(() => sumOf(['0.12345678'])).toThrow('is not a decimal number')
  })

  test('money keeps every digit, and has the decimals of its currency', () => {
    expect(money('9007199254740993.1150', 'USD')).toBe('$9,007,199,254,740,993.12')
    expect(money('1234.5000', 'JPY')).toBe('¥1,235')
    expect(money('-5.0000', 'EUR')).toBe('-€5.00')
    expect(money('1.5', 'points')).toBe('1.50 points')
    expect(money(null, 'USD')).toBe('–')
  })

  test('counts, percentages and days', () => {
    expect([count('1234567'), percent('0.0625'), longDay('2026-02-28')]).toEqual([
      '1,234,567',
      '6.3%',
      'February 28, 2026',
    ])
    expect([count(null), percent(null), longDay(null), longDay('never')]).toEqual(['–', '–', '–', '–'])
  })

  test('months', () => {
    expect(monthsOf({ from: '2025-11-01', to: '2026-02-01' })).toEqual([
      '2025-11-01',
      '2025-12-01',
      '2026-01-01',
      '2026-02-01',
    ])
    expect([shifted('2026-01-01', -1), shifted('2026-12-01', 1), shifted('2026-03-01', -15)]).toEqual([
      '2025-12-01',
      '2027-01-01',
      '2024-12-01',
    ])
    const period = new Period({ day: '2026-02-10', month: '2026-02-01' }, { from: '2025-12-01', to: '2026-02-01' })
    expect(period.labels).toEqual(['Dec 2025', 'Jan 2026', 'Feb 2026*'])
    expect([period.lastFull, period.lastDay('2026-01-01'), period.lastDay('2026-02-01')]).toEqual([
      '2026-01-01',
      '2026-01-31',
      '2026-02-10',
    ])
  })
})

test.each([
  ['the wrong way round', '2025-03-01', '2025-01-01', '2025-03 is after 2025-01'],
  ['too many', '2015-01-01', '2025-01-01', 'the page has room for 60 months'],
])('months: %s', async (_, from, to, message) => {
  await expect(readPageData({ query: async () => [] }, 'none', { from, to })).rejects.toMatchObject({
    code: 'config',
    problems: [{ path: '--from', message: expect.stringContaining(message) }],
  })
})

test('a text in a template is escaped, in an element and in an attribute', () => {
  expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.text).not.toMatch(/<(?!\/?p\b)|" (?!onerror)/)
  expect(html`${'a\u0000b'}${new Html('<b>')}${null}${[html`<i>`, 'x<']}${3}`.text).toBe('a\ufffdb<b><i>x&lt;3')
})

describe('colours', () => {
  test.each([
    ['light', LIGHT],
    ['dark', DARK],
  ])('%s: texts have a contrast of 4.5, what a chart draws one of 3', (_, theme) => {
    for (const name of ['text', 'muted', 'link', 'good', 'bad'] as const)
      for (const behind of [theme.card, theme.page])
        expect(contrast(theme[name], behind), `${name} on ${behind}`).toBeGreaterThanOrEqual(4.5)
    for (const [name, colour] of Object.entries(theme.series))
      expect(contrast(colour, theme.card), name).toBeGreaterThanOrEqual(3)
    for (const [fill, text] of theme.heat)
      expect(contrast(fill, text), `${text} on ${fill}`).toBeGreaterThanOrEqual(4.5)
    const steps = theme.heat.map(([fill]) => contrast(fill, theme.card))
    expect(steps, 'each step differs more from the card').toEqual(steps.toSorted((a, b) => a - b))
  })

  test('the contrast is that of WCAG', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })
})

describe('charts are data', () => {
  const point = (at: string, value: number | null, series: 'new' | 'active', open = false) => ({
    at,
    value,
    series,
    open,
    label: `${series} ${value}`,
  })

  test('stacked bars: the order of the series, a hollow bar for what is open, the colours as variables', () => {
    const spec = stackedBars(
      {
        positions: ['a', 'b'],
        points: [point('a', 2, 'new'), point('a', -1, 'active'), point('b', 3, 'new', true)],
        kind: 'count',
        width: NARROW,
      },
      ['active', 'new'],
    )
    expect(spec).toMatchObject({
      width: NARROW,
      data: { values: [{ order: 1 }, { order: 0 }, { order: 1, open: true }] },
      layer: [
        {
          mark: { type: 'bar' },
          encoding: {
            x: { scale: { domain: ['a', 'b'] } },
            color: { scale: { domain: ['active', 'new'], range: ['var(--active)', 'var(--new)'] } },
            fillOpacity: { condition: { test: 'datum.open' } },
          },
        },
        { mark: { type: 'rule' } },
      ],
    })
  })

  test('lines: a surface only below a single line from zero', () => {
    const drawing = { positions: ['a'], points: [point('a', 2, 'new')], kind: 'amount', width: NARROW } as const
    const marks = (spec: object) =>
      ('layer' in spec ? (spec.layer as { mark: { type: string } }[]) : []).map(l => l.mark.type)
    expect(marks(lines(drawing, ['new'], { zero: true, last: [] }))).toEqual(['area', 'line', 'point', 'text'])
    expect(marks(lines(drawing, ['new'], { zero: false, last: [] }))).toEqual(['line', 'point', 'text'])
    expect(marks(lines(drawing, ['new', 'active'], { zero: true, last: [] }))).toEqual(['line', 'point', 'text'])
  })

  test('labels of an axis: as many as there is room for, the last among them', () => {
    const months = monthsOf({ from: '2025-01-01', to: '2026-01-01' })
    expect(labelled(months, 350)).toEqual(['2025-01-01', '2025-05-01', '2025-09-01', '2026-01-01'])
    expect(labelled(months, 100)).toHaveLength(2)
    expect(labelled(months, 10_000)).toEqual(months)
    expect(labelled([], 350)).toEqual([])
  })

  test('a chart as SVG: nothing but shapes and texts, names escaped, no number of a name rounded', async () => {
    const name = `${HOSTILE} 1.23456789 class="x"`
    const svg = await renderChart(ranking([{ name, value: 3, text: '$3.00' }], 'new'), 'title')
    expect(svg).toMatch(/^<svg viewBox="[\d. ]+" role="img" aria-labelledby="title">/)
    expect(new Set([...svg.matchAll(/<([a-z]+)/g)].map(([, tag]) => tag))).toEqual(
      new Set(['svg', 'g', 'path', 'title', 'text']),
    )
    expect(svg).not.toMatch(/\bhref|\bxmlns|\bclass="[^&]*"\s|<[^>]*\bon[a-z]+=/)
    expect(svg).toContain('1.23456789')
    expect(svg.length).toBeLessThan(3000)
  })

  test('a heat map has a cell for each rate, in the colour of its step', async () => {
    const cells = [0, 5].map(step => ({ row: 'r', column: String(step), step, text: '7', label: 'seven' }))
    const svg = await renderChart(heatMap(['r'], ['0', '5'], cells, NARROW), 'title')
    for (const step of [0, 5]) {
      expect(svg).toContain(`fill="var(--heat-${step})"`)
      expect(svg).toContain(`fill="var(--on-heat-${step})"`)
    }
    expect(svg.match(/<title>seven<\/title>/g)).toHaveLength(2)
  })
})

describe('the first screen', () => {
  test('figures of the last full month and of now, each with its change', () => {
    const found = tiles(pageData())
    const short = Object.fromEntries(
      Object.entries(found).map(([name, { value, change, note }]) => [
        name,
        [value, change && `${change.sign} ${change.by} ${change.since}`, note],
      ]),
    )
    expect(short).toEqual({
      MRR: ['$2,300.00', '1 4.5% since the end of October', 'November 20, 2026'],
      'Active subscribers': ['220', '1 10 since the end of October', 'November 20, 2026'],
      'Net revenue': ['$1,851.50', '1 2.8% against September', 'October 2026'],
      'Subscriber churn': ['10.0%', '0 0.0 points as in September', 'October 2026'],
      'New subscribers': ['20', '0 0 as in September', 'October 2026'],
      'Net revenue retention': ['94.0%', '0 0.0 points as in September', 'October 2026'],
      'Failed payments recovered': ['70.0%', null, 'October 2026, all decided'],
      'Upcoming in 30 days': ['$300.00', null, '12 charges from November 20, 2026'],
    })
  })

  test('a higher churn is worse, a higher retention is better', () => {
    const data = pageData()
    const churn = data.rows.churn.rows.map(row =>
      row.month_start === '2026-10-01' ? { ...row, churned_rate: '0.150000' } : row,
    )
    const movements = data.rows.movements.rows.map(row =>
      row.month_start === '2026-10-01' ? { ...row, nrr: '0.990000' } : row,
    )
    const found = tiles({
      ...data,
      rows: {
        ...data.rows,
        churn: { rows: churn, missing: null, absent: null },
        movements: { rows: movements, missing: null, absent: null },
      },
    })
    expect(found['Subscriber churn']?.change).toMatchObject({ sign: 1, by: '5.0 points', good: false })
    expect(found['Net revenue retention']?.change).toMatchObject({ sign: 1, by: '5.0 points', good: true })
  })

  test('the months of the command line: the last one shown is compared with the one before', () => {
    const data = pageData()
    const found = tiles({ ...data, months: { from: '2025-11-01', to: '2026-08-01' } })
    expect(found.MRR).toMatchObject({ value: '$2,000.00', note: 'August 31, 2026' })
    expect(found.MRR?.change).toMatchObject({ by: '5.3%', since: 'since the end of July' })
    expect(found['Active subscribers']).toMatchObject({ value: '190' })
    expect(found['Net revenue']).toMatchObject({ note: 'August 2026' })
  })
})

describe('the page', () => {
  test('currencies stand side by side, that with most subscriptions first, and no two amounts are added', async () => {
    const data = pageData(['EUR', 'USD', 'JPY', 'GBP'])
    expect(currenciesOf(data)).toEqual(['EUR', 'USD', 'JPY', 'GBP'])
    const page = await pageOf(data)
    expect(page.includes('At a glance, in EUR'), 'At a glance, in EUR').toBe(true)
    for (const currency of ['EUR', 'USD', 'JPY'])
      expect(page.includes(`What moved MRR, ${currency}</h4>`), `What moved MRR, ${currency}</h4>`).toBe(true)
    expect(page.includes('What moved MRR, GBP'), 'What moved MRR, GBP').toBe(false)
    expect(page.includes('There are charts for EUR, USD, JPY.'), 'There are charts for EUR, USD, JPY.').toBe(true)
    expect(page.includes('<bdi>GBP</bdi></th><td>£2,300.00</td>'), '<bdi>GBP</bdi></th><td>£2,300.00</td>').toBe(true)
    expect(page.match(/[€$¥£](?:4,600|6,900|9,200)/g)).toBeNull()
  })

  test('names from the store are text', async () => {
    const page = await pageOf(pageData(['USD'], undefined, HOSTILE))
    expect(page.includes('<img'), '<img').toBe(false)
    expect(page.includes('<script'), '<script').toBe(false)
    expect(page.match(/<\/title>/g)?.length).toBe(page.match(/<title>/g)?.length)
    expect(page.includes('&lt;img src=x'), '&lt;img src=x').toBe(true)
  })

  test('it names no address, and every id once', async () => {
    const page = await pageOf(pageData(['USD', 'EUR']))
    expect(page.match(/https?:|\/\/|@import|url\(/i)).toBeNull()
    for (const [, target] of page.matchAll(/\b(?:href|src)="([^"]*)"/g)) expect(target).toMatch(/^#|^data:,$/)
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, id] of page.matchAll(/(?:aria-labelledby="|href="#)([^"]+)"/g)) expect(ids).toContain(id)
  })

  test('an unfinished month has a star, which is explained', async () => {
    const page = await pageOf(pageData())
    expect(page.includes('Nov 2026*'), 'Nov 2026*').toBe(true)
    expect(page.includes('* Not finished: until November 20, 2026.'), '* Not finished: until November 20, 2026.').toBe(
      true,
    )
    const past = await pageOf({ ...pageData(), months: { from: '2025-11-01', to: '2026-09-01' } })
    expect(past.includes('* Not finished'), '* Not finished').toBe(false)
  })

  test('a definition is a click away, with what differs from the dashboard', async () => {
    const page = await pageOf(pageData())
    expect(
      page.includes('<summary>Definition<span class="hidden"> of MRR</span></summary>'),
      '<summary>Definition<span class="hidden"> of MRR</span></summary>',
    ).toBe(true)
    expect(
      page.includes('Differs from Recharge’s dashboard: It has no MRR.'),
      'Differs from Recharge’s dashboard: It has no MRR.',
    ).toBe(true)
    expect(page.includes('<summary>All 4 definitions</summary>'), '<summary>All 4 definitions</summary>').toBe(true)
  })

  test('nothing was synced yet', async () => {
    const data = { asOf: null, months: { from: '2025-11-01', to: '2026-11-01' }, rows: emptyRows() }
    const page = await pageOf(data)
    expect(
      page.includes('Nothing was synced yet. Run sync, then report again.'),
      'Nothing was synced yet. Run sync, then report again.',
    ).toBe(true)
    expect(page.includes('<svg'), '<svg').toBe(false)
  })

  test('every view is there and has no row', async () => {
    const data = { ...pageData(), rows: emptyRows() }
    const page = await pageOf(data)
    expect(
      page.includes('The stream orders was never read completely, so revenue and products may be missing.'),
      'The stream orders was never read completely, so revenue and products may be missing.',
    ).toBe(true)
    expect(
      page.includes('Nobody had a subscription in these months.'),
      'Nobody had a subscription in these months.',
    ).toBe(true)
    expect(page.includes('No order was processed in these months.'), 'No order was processed in these months.').toBe(
      true,
    )
    expect(page.includes('<svg'), '<svg').toBe(false)
    expect(page.match(/NaN|Infinity|undefined|null/)).toBeNull()
  })

  test('views that are not there are named once, and how to make them', () => {
    const absent = (view: string) => ({ rows: [], missing: `The view ${view} is not there.`, absent: view }) as const
    const data = pageData()
    const lacking = {
      ...data,
      rows: { ...data.rows, revenue: absent('revenue_monthly'), churn: absent('churn_monthly') },
    }
    expect(missingOf(lacking, IMPRINT)).toEqual([
      'These views are not there: churn_monthly, revenue_monthly.',
      'The command views makes the views of the schema recharge_analytics.',
    ])
    expect(missingOf(data, IMPRINT)).toEqual([])
    expect(missingOf(data, { ...IMPRINT, isVersioned: false })).toEqual([expect.stringContaining('(history: [])')])
  })

  test.each([
    ['one month that is not finished', '2026-11-01'],
    ['two months', '2026-10-01'],
  ])('a young store: %s', async (_, from) => {
    const page = await pageOf(pageData(['USD'], { from, to: '2026-11-01' }))
    expect(page.match(/NaN|Infinity|undefined/)).toBeNull()
    expect(page.match(/<svg/g)?.length).toBeGreaterThan(5)
    if (from === '2026-11-01') expect(page.includes('No month is finished yet'), 'No month is finished yet').toBe(true)
  })

  test('rates that are not known leave a gap, and break no chart', async () => {
    const data = pageData()
    const unknown = data.rows.movements.rows.map(row => ({ ...row, nrr: null, grr: null, end_mrr: null }))
    const page = await pageOf({
      ...data,
      rows: { ...data.rows, movements: { rows: unknown, missing: null, absent: null } },
    })
    expect(page.match(/NaN|Infinity|undefined/)).toBeNull()
  })
})
