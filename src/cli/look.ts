import { styleText } from 'node:util'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { below, beside, lines, type Printable, rest, styled } from '../common/printable.ts'

/** What a text means. The colour says nothing that the words do not say. */
export type Style = 'good' | 'bad' | 'doubtful' | 'aside' | 'head'

const FORMAT = {
  good: 'green',
  bad: ['red', 'bold'],
  doubtful: 'yellow',
  aside: 'dim',
  head: 'bold',
} as const satisfies Record<Style, Parameters<typeof styled>[0]>

/** How a text is to look where it is printed. */
export interface Look {
  /** Columns that a line may have. Infinity: any number. */
  readonly width: number
  /** A person looks at it now. */
  readonly isTerminal: boolean
  readonly paint: (style: Style, text: Printable) => Printable
}

/** No colour, and lines as long as they come. */
export const PLAIN: Look = { width: Number.POSITIVE_INFINITY, isTerminal: false, paint: (_, text) => text }

/** Columns of a terminal that does not say how many it has, and of what goes into a file, a pipe or a mail. */
const USUAL = 80

/** The part of a stream of a process that is read here. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Columns of a stream at this moment: a terminal may have another number after a resize. */
export const widthOf = ({ isTTY, columns }: Output, environment = process.env): number =>
  // Some pseudo-terminals say 0.
  isTTY ? columns || USUAL : Number(environment.COLUMNS) || USUAL

/** The look of what is printed on a stream of this process. Node knows whether it takes colours: TERM, NO_COLOR, FORCE_COLOR. */
export function lookOf(stream: NodeJS.WriteStream): Look {
  const takesColours = styleText('red', 'x', { stream }) !== 'x'
  return {
    get width() {
      return widthOf(stream)
    },
    isTerminal: stream.isTTY === true,
    paint: takesColours ? (style, text) => (text === '' ? text : styled(FORMAT[style], text)) : PLAIN.paint,
  }
}

/** Sentences as lines of at most the width, broken between words. A pipe gets them whole: a program may look for one. */
export function prose({ width, isTerminal }: Look, indent: string, ...texts: readonly string[]): Printable {
  const all = texts.map(text => lines(text))
  if (!isTerminal || all.every(text => indent.length + stringWidth(text) <= width))
    return below(...all.map(text => lines(indent + text)))
  const room = Math.max(20, width - indent.length)
  return below(...all.flatMap(text => wrapAnsi(text, room).split('\n')).map(line => lines(indent + line)))
}

/** Sentences that begin with words in a colour. */
export function led(look: Look, style: Style, lead: string, text: string): Printable {
  const all = prose(look, '', `${lead}${text}`)
  const head = lines(lead)
  // On a narrow terminal the words may go over the end of a line.
  return all.startsWith(head) ? beside(look.paint(style, head), rest(all, head.length)) : all
}

const segmenter = new Intl.Segmenter()

/** A line of at most `width` columns. One that was cut ends with `…`. */
export function cut(text: Printable, width: number): Printable {
  if (stringWidth(text) <= width) return text
  let kept = ''
  let taken = 0
  for (const { segment } of segmenter.segment(text)) {
    taken += stringWidth(segment)
    if (taken > width - 1) break
    kept += segment
  }
  return lines(`${kept}…`)
}
