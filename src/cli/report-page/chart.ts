import { Error as ERRORS, parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** In units of the chart. The style sheet of the page gives texts of charts this size. */
export const FONT_SIZE = 12

/** How every chart looks. Colours are variables of the page, so one chart serves the light and the dark page. */
const CONFIG: NonNullable<TopLevelSpec['config']> = {
  background: 'transparent',
  padding: 2,
  aria: false,
  view: { stroke: null },
  axis: {
    aria: false,
    labelColor: 'var(--muted)',
    labelFontSize: FONT_SIZE,
    titleColor: 'var(--muted)',
    titleFontSize: FONT_SIZE,
    titleFontWeight: 'normal',
    gridColor: 'var(--line)',
    domainColor: 'var(--axis)',
    ticks: false,
    labelPadding: 6,
  },
  axisX: { grid: false, labelAngle: 0, labelPadding: 8 },
  axisY: { domain: false, tickCount: 4 },
  text: { fontSize: FONT_SIZE, color: 'var(--text)' },
}

/**
 * A chart as SVG that fits into a page: it scales with its place, takes its font and colours from the page, and names
 * nothing outside of it.
 * @param labelledBy id of the element that says what it shows.
 */
export async function renderChart(spec: TopLevelSpec, labelledBy: string): Promise<string> {
  const { spec: compiled } = compile({ ...spec, config: CONFIG })
  const view = new View(parse(compiled), { renderer: 'none', logLevel: ERRORS })
  try {
    return embedded(await view.toSVG(), labelledBy)
  } finally {
    view.finalize()
  }
}

/** Attributes that a drawing is made of. All others are left out: classes, roles, the font, and above all addresses. */
const SHAPE = new Set(['d', 'transform', 'x', 'y', 'x2', 'y2', 'width', 'height'])
const LOOK = new Set([
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'text-anchor',
  'font-size',
  'font-weight',
])
/** What a browser, or the style sheet of the page, does anyway. */
const IDLE = new Set([
  'd=""',
  'opacity="1"',
  'fill-opacity="1"',
  'stroke-width="1"',
  'transform="translate(0,0)"',
  'x2="0"',
  'y2="0"',
  `font-size="${FONT_SIZE}px"`,
])

/** The parts of Vega's SVG that a page needs. The label of a mark becomes its title, which a browser shows when the pointer rests on it. */
function embedded(svg: string, labelledBy: string): string {
  const size = /viewBox="([^"]+)"/.exec(svg)?.[1] ?? '0 0 0 0'
  // Whether each group that is open has attributes: the others group nothing, and are left out.
  const groups: boolean[] = []
  return svg.replace(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"]*")*)(\/?)>/g,
    (all, close: string, name: string, given: string, end: string) => {
      if (close !== '') return name === 'g' && groups.pop() !== true ? '' : all
      if (name === 'svg') return `<svg viewBox="${size}" role="img" aria-labelledby="${labelledBy}">`
      const attributes = [...given.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => ({
        key,
        value,
      }))
      const kept = attributes.flatMap(({ key, value }) => {
        const text = `${key}="${SHAPE.has(key) ? rounded(value) : value}"`
        return (SHAPE.has(key) || LOOK.has(key)) && !IDLE.has(text) ? [` ${text}`] : []
      })
      if (name === 'g') {
        if (end === '') groups.push(kept.length > 0)
        return end === '' && kept.length > 0 ? `<g${kept.join('')}>` : ''
      }
      if (name === 'path' && !(has(kept, 'd') && (has(kept, 'fill') || has(kept, 'stroke')))) return ''
      const label = attributes.find(({ key, value }) => key === 'aria-label' && value !== '')?.value
      const title = name === 'path' && label !== undefined ? `<title>${label}</title>` : ''
      if (end === '') return `<${name}${kept.join('')}>`
      return `<${name}${kept.join('')}${title === '' ? '/>' : `>${title}</${name}>`}`
    },
  )
}

const has = (attributes: readonly string[], name: string): boolean =>
  attributes.some(text => text.startsWith(` ${name}=`))

const rounded = (numbers: string): string =>
  numbers.replace(/-?\d+\.\d+(?:e-\d+)?/g, number => String(Number(Number(number).toFixed(1))))
