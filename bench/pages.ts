import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { charge, PAGE } from './charges.ts'

/** Prepares pages as the API would serve them, one on each line. @param edits of a record, by its number. */
export function writePages(file: string, records: number, edits: (id: number) => number = () => 0): void {
  const out = openSync(file, 'w')
  for (let first = 0; first < records; first += PAGE) {
    const charges = Array.from({ length: PAGE }, (_, i) => charge(first + i, edits(first + i)))
    writeSync(out, `${JSON.stringify({ charges })}\n`)
  }
  closeSync(out)
}

const CHUNK = 4 * 1024 * 1024
/** Prepared pages, a few in memory at a time; each is valid until the next is asked for. */
export function* readPages(file: string, pages: number): Generator<Buffer> {
  const fd = openSync(file, 'r')
  try {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    let rest = 0
    let given = 0
    for (;;) {
      const filled = rest + readSync(fd, chunk, rest, CHUNK - rest, null)
      if (filled === rest) throw new Error(`${file} has only ${given} pages`)
      let from = 0
      for (let end = chunk.indexOf(10); end >= 0 && end < filled; end = chunk.indexOf(10, from)) {
        yield chunk.subarray(from, end)
        given += 1
        if (given === pages) return
        from = end + 1
      }
      chunk.copy(chunk, 0, from, filled)
      rest = filled - from
    }
  } finally {
    closeSync(fd)
  }
}
