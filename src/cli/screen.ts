import stringWidth from 'string-width'
import { beside, lines, type Printable } from '../common/printable.ts'
import { cut, type Output, widthOf } from './look.ts'

/** A terminal whose last lines are drawn again and again, below what is printed for good. */
export interface Screen {
  /** Prints above the lines that are drawn. */
  print(text: Printable): void
  /** Draws these lines in place of those drawn before. @param colour is applied after a line was cut to the width. */
  draw(shown: readonly Printable[], colour?: (line: Printable) => Printable): void
  /** Erases what is drawn. */
  clear(): void
  /** Erases what is drawn, and leaves an empty line below what was printed: something else follows. */
  close(): void
}

export interface Terminal extends Output {
  write(text: string): unknown
}

const ESC = '\u001b'
const INDENT = lines('  ')

export function createScreen(out: Terminal): Screen {
  let drawn: readonly Printable[] = []
  let again = (): void => {}
  let hasPrinted = false
  const erase = (): void => {
    if (drawn.length === 0) return
    // A terminal that became narrower broke the lines that it shows, so they take more rows than they did.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / widthOf(out))), 0)
    out.write(`${ESC}[${rows}A${ESC}[J`)
    drawn = []
  }
  const clear = (): void => {
    erase()
    again = () => {}
  }
  return {
    print(text) {
      hasPrinted = true
      erase()
      out.write(`${text}\n`)
      again()
    },
    draw(shown, colour = line => line) {
      again = () => {
        // The last column stays free: some terminals go to the next line when it is written. What was printed last stays in sight.
        const room = widthOf(out) - 1
        const next = shown.slice(-Math.max(1, (out.rows || 24) - 2)).map(line => cut(beside(INDENT, line), room))
        if (next.length === drawn.length && next.every((line, at) => line === drawn[at])) return
        erase()
        drawn = next
        for (const line of drawn) out.write(`${colour(line)}\n`)
      }
      again()
    },
    clear,
    close() {
      clear()
      if (hasPrinted) out.write('\n')
      hasPrinted = false
    },
  }
}
