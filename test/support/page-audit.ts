import { type Viewport, withBrowser, withPage } from './browser.ts'
import { contrast } from './contrast.ts'

const VIEWPORTS: readonly Viewport[] = (['light', 'dark'] as const).flatMap(scheme =>
  [360, 768, 1280].map(width => ({ width, scheme })),
)

/** A text as the browser draws it, with the colour behind it. */
interface DrawnText {
  readonly text: string
  readonly colour: string
  readonly behind: string
  readonly isLarge: boolean
}

interface Found {
  readonly texts: readonly DrawnText[]
  /** Widths of what is wider than its place. */
  readonly tooWide: readonly string[]
  readonly headings: readonly number[]
  readonly charts: readonly { readonly name: string; readonly hasTable: boolean }[]
}

/*
 * Runs in the page. A text of a chart stands on the last surface that was drawn before it at its place, other texts on the
 * nearest element with a background.
 */
const LOOK = `(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number)
  const over = (top, below) => {
    const [r, g, b, alpha = 1] = top
    return [r, g, b].map((channel, i) => channel * alpha + below[i] * (1 - alpha))
  }
  const hex = rgb => '#' + rgb.slice(0, 3).map(channel => Math.round(channel).toString(16).padStart(2, '0')).join('')
  const behindElement = element => {
    const layers = []
    for (let at = element; at; at = at.parentElement) layers.push(channels(getComputedStyle(at).backgroundColor))
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255])
  }
  const behindText = text => {
    const svg = text.ownerSVGElement
    const place = text.getBoundingClientRect()
    const x = place.x + place.width / 2, y = place.y + place.height / 2
    let below = behindElement(svg.parentElement)
    for (const shape of svg.querySelectorAll('path')) {
      const { fill, fillOpacity } = getComputedStyle(shape)
      const box = shape.getBoundingClientRect()
      if (fill === 'none' || x < box.left || x > box.right || y < box.top || y > box.bottom) continue
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue
      const [r, g, b] = channels(fill)
      below = over([r, g, b, Number(fillOpacity)], below)
    }
    return below
  }
  const shown = element => element.checkVisibility() && element.getBoundingClientRect().width > 1
  const texts = []
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join(' ').trim()
    if (own === '' || element.tagName === 'title' || !shown(element)) continue
    const style = getComputedStyle(element)
    const inChart = element.ownerSVGElement != null
    const size = parseFloat(style.fontSize)
    texts.push({
      text: own.slice(0, 60),
      colour: hex(channels(inChart ? style.fill : style.color)),
      behind: hex(inChart ? behindText(element) : behindElement(element)),
      isLarge: size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700),
    })
  }
  const tooWide = []
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth > width) tooWide.push('the page: ' + document.documentElement.scrollWidth)
  for (const element of document.querySelectorAll('body *')) {
    if (!shown(element) || element.closest('.scroll')) continue
    const box = element.getBoundingClientRect()
    const svg = element.ownerSVGElement
    if (!svg && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1) tooWide.push(element.tagName + ' ' + element.textContent.trim().slice(0, 40) + ': ' + element.scrollWidth + ' in ' + element.clientWidth)
    const place = svg ? svg.getBoundingClientRect() : { left: 0, right: width }
    if (svg && element.tagName !== 'text') continue
    if (box.left < place.left - 1 || box.right > place.right + 1) tooWide.push(element.tagName + ' ' + element.textContent.trim().slice(0, 40) + ': ' + Math.round(box.left) + ' to ' + Math.round(box.right))
    const card = element.closest('.card, .tile')
    if (card && box.right > card.getBoundingClientRect().right) tooWide.push(element.tagName + ' ' + element.textContent.trim().slice(0, 40) + ': out of its card')
  }
  return {
    texts,
    tooWide,
    headings: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => Number(heading.tagName[1])),
    charts: [...document.querySelectorAll('svg')].map(svg => {
      const name = document.getElementById(svg.getAttribute('aria-labelledby'))
      const cells = svg.closest('article')?.querySelectorAll('table tbody td') ?? []
      return { name: name?.textContent.trim() ?? '', hasTable: cells.length > 0 }
    }),
  }
})()`

const OPEN = `for (const details of document.querySelectorAll('details')) details.open = true`

/** What is wrong with a page, in three widths and both themes, with everything opened; none: nothing is. */
export async function auditPage(file: string, viewports = VIEWPORTS): Promise<string[]> {
  return await withBrowser(async browser => {
    const problems: string[] = []
    for (const viewport of viewports)
      await withPage(browser, file, viewport, async ({ page, messages, requests }) => {
        const say = (problem: string): void => {
          problems.push(`${viewport.scheme}, ${viewport.width}: ${problem}`)
        }
        for (const closed of [true, false]) {
          if (!closed) await page.evaluate(OPEN)
          const { texts, tooWide, headings, charts } = (await page.evaluate(LOOK)) as Found
          for (const what of tooWide) say(`too wide: ${what}`)
          for (const { text, colour, behind, isLarge } of texts) {
            const reached = contrast(colour, behind)
            if (reached < (isLarge ? 3 : 4.5)) say(`contrast ${reached.toFixed(2)} of ${colour} on ${behind}: ${text}`)
          }
          if (closed) continue
          for (const problem of headingProblems(headings)) say(problem)
          for (const { name, hasTable } of charts) {
            if (name === '') say('a chart has no name')
            if (!hasTable) say(`the chart ${name} has no table`)
          }
          if (texts.length === 0) say('there is no text')
        }
        for (const message of messages) say(`console: ${message}`)
        for (const request of requests) say(`request: ${request}`)
      })
    return problems
  })
}

/** One heading of the first level, and none that skips a level. */
function headingProblems(levels: readonly number[]): string[] {
  return levels.flatMap((level, i) => {
    if (i === 0) return level === 1 ? [] : [`the first heading is h${level}`]
    if (level === 1) return ['there is a second h1']
    return level > (levels[i - 1] ?? 0) + 1 ? [`h${level} follows h${levels[i - 1]}`] : []
  })
}
