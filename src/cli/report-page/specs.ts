import type { TopLevelSpec } from 'vega-lite'
import { colourOf, heatFill, heatText, type Series } from './palette.ts'

/* The charts of the page as Vega-Lite writes them: data, without code. What a reader reads of a point is in its `label`. */

/** Width in the units of a chart: half of the page on a wide screen, the whole of it on a phone. */
export const NARROW = 350
/** The whole page on a wide screen. */
export const WIDE = 780
const HEIGHT = 190

/** A point of a chart. `at` is its place on the axis, as it is shown there. */
export interface Point {
  readonly at: string
  readonly value: number | null
  /** What the point says, in words. */
  readonly label: string
  /** The period is not finished, or its outcome is not known yet. */
  readonly open: boolean
}

export interface SeriesPoint extends Point {
  readonly series: Series
}

/** How the numbers of an axis are written. `amount` and `count` are shortened: 12k. */
export type AxisKind = 'amount' | 'count' | 'ratio'

const fit = { type: 'fit', contains: 'padding' } as const

/** As many labels of an axis as it has room for, at equal distances, and always the last. */
export function labelled(positions: readonly string[], width: number): string[] {
  const most = Math.max(2, Math.floor(width / 76))
  const step = Math.ceil(positions.length / most)
  return positions.filter((_, i) => (positions.length - 1 - i) % step === 0)
}

/** A few bars would otherwise fill the whole width. */
const barPadding = (positions: readonly string[]) =>
  positions.length < 6 ? { paddingInner: 0.5, paddingOuter: 0.4 } : {}

/** The axis of months or weeks. Bars have a line at zero, which need not be at the bottom. */
const positionAxis = (positions: readonly string[], width: number, bars: boolean) => ({
  field: 'at',
  type: 'ordinal' as const,
  scale: { domain: [...positions], ...(bars ? barPadding(positions) : {}) },
  axis: { title: null, values: labelled(positions, width), ...(bars ? { domain: false } : {}) },
})

function valueFormat(kind: AxisKind, values: readonly (number | null)[]): string {
  const largest = Math.max(...values.map(value => Math.abs(value ?? 0)), 0)
  if (kind === 'ratio') return '.1~%'
  if (largest >= 1000) return '~s'
  return kind === 'count' || largest >= 10 ? ',d' : ',.2~f'
}

const valueAxis = (kind: AxisKind, values: readonly (number | null)[], zero: boolean) => ({
  field: 'value',
  type: 'quantitative' as const,
  scale: { zero, nice: true },
  axis: {
    title: null,
    format: valueFormat(kind, values),
    // Without this a zero among thousands would be 0k.
    labelExpr: "datum.value === 0 ? '0' : datum.label",
    ...(kind === 'count' ? { tickMinStep: 1 } : {}),
  },
})

const seriesColour = (series: readonly Series[]) => ({
  field: 'series',
  type: 'nominal' as const,
  scale: { domain: [...series], range: series.map(colourOf) },
  legend: null,
})

export interface Drawing<P extends Point> {
  /** Places on the axis, in order. */
  readonly positions: readonly string[]
  readonly points: readonly P[]
  readonly kind: AxisKind
  readonly width: number
}

/** Bars, one above the other; negative values go down from zero. The series stand in the order given, from zero outwards. */
export function stackedBars(
  { positions, points, kind, width }: Drawing<SeriesPoint>,
  series: readonly Series[],
): TopLevelSpec {
  const order = new Map(series.map((name, i) => [name, i]))
  const stacks = positions.flatMap(at => {
    const here = points.filter(point => point.at === at).map(({ value }) => value ?? 0)
    return [sum(here.filter(value => value > 0)), sum(here.filter(value => value < 0))]
  })
  return {
    width,
    height: HEIGHT,
    autosize: fit,
    data: { values: points.map(point => ({ ...point, order: order.get(point.series) ?? 0 })) },
    layer: [
      {
        mark: { type: 'bar', strokeWidth: 1 },
        encoding: {
          x: positionAxis(positions, width, true),
          y: { ...valueAxis(kind, stacks, true), stack: 'zero' },
          color: seriesColour(series),
          order: { field: 'order', type: 'quantitative' },
          fillOpacity: { condition: { test: 'datum.open', value: 0.35 }, value: 1 },
          stroke: {
            condition: { test: 'datum.open', ...seriesColour(series) },
            value: colourOf('card'),
          },
          description: { field: 'label', type: 'nominal' },
        },
      },
      {
        data: { values: [{}] },
        mark: { type: 'rule', color: colourOf('axis') },
        encoding: { y: { datum: 0 } },
      },
    ],
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/**
 * Lines. A missing value breaks its line. The last point of each shows its value.
 * @param from whether the axis starts at zero, and the surface below a single line is filled.
 */
export function lines(
  { positions, points, kind, width }: Drawing<SeriesPoint>,
  series: readonly Series[],
  { zero, last }: { readonly zero: boolean; readonly last: readonly SeriesPoint[] },
): TopLevelSpec {
  const values = points.filter(({ value }) => value !== null)
  const x = positionAxis(positions, width, false)
  const y = valueAxis(
    kind,
    values.map(({ value }) => value),
    zero,
  )
  const color = seriesColour(series)
  return {
    width,
    height: HEIGHT,
    autosize: fit,
    data: { values: [...points] },
    layer: [
      ...(zero && series.length === 1
        ? [{ mark: { type: 'area' as const, fillOpacity: 0.14 }, encoding: { x, y, color } }]
        : []),
      { mark: { type: 'line', strokeWidth: 2.5 }, encoding: { x, y, color } },
      {
        transform: [{ filter: 'isValid(datum.value)' }],
        mark: { type: 'point', filled: true, size: 36, opacity: 1, strokeWidth: 2 },
        encoding: {
          x,
          y,
          stroke: color,
          fill: { condition: { test: 'datum.open', value: colourOf('card') }, ...color },
          description: { field: 'label', type: 'nominal' },
        },
      },
      {
        data: { values: last.map(({ at, value, label }) => ({ at, value, label })) },
        mark: { type: 'text', align: 'right', dy: -12, dx: 6, fontWeight: 'bold' },
        encoding: { x, y, text: { field: 'label', type: 'nominal' } },
      },
    ],
  }
}

export interface HeatCell {
  readonly row: string
  readonly column: string
  /** Step of the colour. */
  readonly step: number
  /** What stands in the cell. */
  readonly text: string
  readonly label: string
}

/** A cell for each row and column, in the colour of its step. */
export function heatMap(
  rows: readonly string[],
  columns: readonly string[],
  cells: readonly HeatCell[],
  width: number,
): TopLevelSpec {
  const steps = [...new Set(cells.map(({ step }) => step))].sort((a, b) => a - b)
  const colour = (of: (step: number) => string) => ({
    field: 'step',
    type: 'ordinal' as const,
    scale: { domain: steps, range: steps.map(of) },
    legend: null,
  })
  const high = width > NARROW ? 26 : 24
  return {
    width,
    height: rows.length * high + 24,
    autosize: fit,
    data: { values: [...cells] },
    encoding: {
      x: {
        field: 'column',
        type: 'ordinal',
        scale: { domain: [...columns], paddingInner: 0.06, paddingOuter: 0 },
        axis: { title: null, orient: 'top', domain: false, labelPadding: 4 },
      },
      y: {
        field: 'row',
        type: 'ordinal',
        scale: { domain: [...rows], paddingInner: 0.07, paddingOuter: 0 },
        axis: { title: null, domain: false },
      },
    },
    layer: [
      {
        mark: { type: 'rect' },
        encoding: { fill: colour(heatFill), description: { field: 'label', type: 'nominal' } },
      },
      {
        mark: { type: 'text', fontSize: width > NARROW ? 12 : 9.5 },
        encoding: { text: { field: 'text', type: 'nominal' }, fill: colour(heatText) },
      },
    ],
    resolve: { scale: { fill: 'independent' } },
  }
}

export interface Ranked {
  readonly name: string
  readonly value: number
  /** The value in words. */
  readonly text: string
}

/** Bars from the left, each below its name. */
export function ranking(ranked: readonly Ranked[], series: Series): TopLevelSpec {
  const values = ranked.map((one, i) => ({ ...one, at: i, label: `${one.name}: ${one.text}` }))
  const y = { field: 'at', type: 'ordinal' as const, axis: null, scale: { paddingInner: 0, paddingOuter: 0 } }
  return {
    width: NARROW,
    height: ranked.length * 40,
    autosize: fit,
    data: { values },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', color: colourOf(series), height: 10, yOffset: 10 },
        encoding: {
          x: { field: 'value', type: 'quantitative', axis: null, scale: { zero: true, nice: false } },
          description: { field: 'label', type: 'nominal' },
        },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dy: -8, x: 0, limit: NARROW - 120 },
        encoding: { text: { field: 'name', type: 'nominal' } },
      },
      {
        mark: { type: 'text', align: 'right', baseline: 'middle', dy: -8, x: 'width', fontWeight: 'bold' },
        encoding: { text: { field: 'text', type: 'nominal' } },
      },
    ],
  }
}
