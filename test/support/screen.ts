import stringWidth from 'string-width'

const ESC = '\u001b'
// A change of size, a movement up, an erasure to the end, a colour, the end of a line, or text.
const PARTS = new RegExp(
  `${ESC}\\]size;(\\d+)\\u0007|${ESC}\\[(\\d+)A|(${ESC}\\[J)|(${ESC}\\[[\\d;]*m)|(\\r?\\n)|([^${ESC}\\r\\n]+)|[^]`,
  'gu',
)

export interface Seen {
  /** The lines of the terminal at the end, without colours. */
  readonly lines: readonly string[]
  /** Every line that was ever written, with the columns of the terminal at that time. */
  readonly written: readonly { readonly text: string; readonly columns: number }[]
  /** What stood on the screen each time before something was erased. */
  readonly moments: readonly (readonly string[])[]
  readonly colours: ReadonlySet<string>
  /** What a terminal would do and this one cannot. */
  readonly unknown: readonly string[]
}

/**
 * What a person sees of this output on a terminal of so many columns. Lines that are too long go on in the next row, also
 * after the terminal became narrower.
 */
export function see(output: string, columns: number): Seen {
  let width = columns
  let lines = ['']
  const written: { text: string; columns: number }[] = []
  const moments: (readonly string[])[] = []
  const colours = new Set<string>()
  const unknown: string[] = []
  let up = 0
  const rowsOf = (line: string): number => Math.max(1, Math.ceil(stringWidth(line) / width))
  for (const [all, size, rows, erase, colour, end, text] of output.matchAll(PARTS)) {
    if (size !== undefined) width = Number(size)
    else if (rows !== undefined) up = Number(rows)
    else if (erase !== undefined) {
      moments.push([...lines])
      // The cursor stands below the last line. Only whole lines can be erased: else the program has counted wrongly.
      let taken = 0
      while (taken < up && lines.length > 1) {
        lines.pop()
        taken += rowsOf(lines.at(-1) ?? '')
      }
      if (taken !== up) unknown.push(`${up} rows up are not whole lines`)
      lines = [...lines.slice(0, -1), '']
      up = 0
    } else if (colour !== undefined) colours.add(colour)
    else if (end !== undefined) {
      written.push({ text: lines.at(-1) ?? '', columns: width })
      lines.push('')
    } else if (text !== undefined) lines[lines.length - 1] += text
    else unknown.push(JSON.stringify(all))
  }
  return { lines, written, moments, colours, unknown }
}
