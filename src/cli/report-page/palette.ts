/*
 * Colours of the page, for a light and a dark screen. A chart names them as CSS variables, so one chart serves both. Each
 * colour of a series has a contrast of at least 3 with the card, each text one of at least 4.5 with what is behind it:
 * test/unit/report-page.test.ts computes both.
 */

export const SERIES = ['new', 'expansion', 'reactivation', 'contraction', 'active', 'passive', 'completed'] as const
/** What a colour stands for. Charts that show other things take them by their look: `new` is the first colour. */
export type Series = (typeof SERIES)[number]

/** Steps of the heat map, from nobody to everybody. */
export const HEAT_STEPS = 6

interface Theme {
  readonly page: string
  readonly card: string
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly axis: string
  readonly link: string
  readonly good: string
  readonly bad: string
  readonly series: Readonly<Record<Series, string>>
  /** Each step and the colour of the text on it. */
  readonly heat: readonly (readonly [fill: string, text: string])[]
}

export const LIGHT: Theme = {
  page: '#f4f5f7',
  card: '#ffffff',
  text: '#1b2330',
  muted: '#566171',
  line: '#e1e5ea',
  axis: '#8b95a3',
  link: '#1d5bb8',
  good: '#1d7033',
  bad: '#b3261e',
  series: {
    new: '#2a6fd6',
    expansion: '#4b9128',
    reactivation: '#128a86',
    contraction: '#b57a00',
    active: '#cf3f4f',
    passive: '#8a45b0',
    completed: '#76818f',
  },
  heat: [
    ['#edf2fa', '#1b2330'],
    ['#cfdff5', '#1b2330'],
    ['#a6c5ee', '#1b2330'],
    ['#77a5e3', '#0e1624'],
    ['#2f68bd', '#ffffff'],
    ['#1a4488', '#ffffff'],
  ],
}

export const DARK: Theme = {
  page: '#0e1217',
  card: '#171c23',
  text: '#e8ecf1',
  muted: '#a3aebb',
  line: '#2b323c',
  axis: '#6b7684',
  link: '#8ab6ff',
  good: '#6fce86',
  bad: '#ff8f87',
  series: {
    new: '#5c9bf5',
    expansion: '#86c25c',
    reactivation: '#3fbdb8',
    contraction: '#e0ac3f',
    active: '#f2707d',
    passive: '#c18be6',
    completed: '#98a3b1',
  },
  heat: [
    ['#1f2835', '#e8ecf1'],
    ['#22395c', '#e8ecf1'],
    ['#285087', '#ffffff'],
    ['#3566ab', '#ffffff'],
    ['#7fb0f7', '#0b1119'],
    ['#b4d2ff', '#0b1119'],
  ],
}

/** A colour as charts and styles name it. */
export const colourOf = (name: Series | 'card' | 'text' | 'muted' | 'line' | 'axis'): string => `var(--${name})`
export const heatFill = (step: number): string => `var(--heat-${step})`
export const heatText = (step: number): string => `var(--on-heat-${step})`

/** The declarations of a theme's variables. */
export const variablesOf = ({ series, heat, ...plain }: Theme): string =>
  [
    ...Object.entries({ ...plain, ...series }).map(([name, value]) => `--${name}:${value}`),
    ...heat.flatMap(([fill, text], step) => [`--heat-${step}:${fill}`, `--on-heat-${step}:${text}`]),
  ].join(';')
